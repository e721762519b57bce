/** The list of all runs. */
import type { RunSummary } from '../../api.ts';
import { hashOf } from '../route.ts';
import { say } from '../state.ts';
import type { Word } from '../words/words.ts';
import { useAnswer, Waiting } from './answer.tsx';

const columns: readonly Word[] = ['run', 'state', 'step', 'time', 'model', 'seed'];

export function RunList() {
  const { answer: runs, error } = useAnswer<readonly RunSummary[]>('/api/runs');
  if (!runs) return <Waiting error={error} />;
  if (runs.length === 0) return <p>{say('noRuns')}</p>;
  return (
    <>
      <h1>{say('runs')}</h1>
      <section class="wide" aria-label={say('runs')}>
        <table>
          <thead>
            <tr>
              {columns.map((word) => (
                <th key={word} scope="col">
                  {say(word)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <Row key={run.id} run={run} />
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function Row({ run }: { readonly run: RunSummary }) {
  return (
    <tr>
      <th scope="row">
        <a href={hashOf({ view: 'run', run: run.id })}>{run.id}</a>
      </th>
      <td class={run.state}>{say(run.state)}</td>
      <td>
        {run.step} / {run.steps}
      </td>
      <td>{run.time}</td>
      <td>{run.model ?? ''}</td>
      <td>{run.seed ?? ''}</td>
    </tr>
  );
}
