/** Runs laid over each other: their curves, what differs in their settings, what became of them. */
import { useState } from 'preact/hooks';
import type { JobForm, RunDetails } from '../../api.ts';
import { byName, settingRows } from '../../differing.ts';
import { shortNumber } from '../format.ts';
import { hashOf, runsOf } from '../route.ts';
import { route, say } from '../state.ts';
import { useAnswer, useAnswers, Waiting } from './answer.tsx';
import { Charts } from './charts.tsx';
import { Guards } from './guards.tsx';
import { useHistories } from './histories.ts';
import { Connected } from './run.tsx';
import { SettingsTable } from './settings-table.tsx';

/** Milliseconds between two looks at what has become of the runs. */
const lookEvery = 5000;

export function Over() {
  const runs = runsOf(route.value.asked?.runs);
  const paths = runs.map((run) => `/api/runs/${encodeURIComponent(run)}`);
  const { answer, error } = useAnswers<RunDetails>(paths, { every: lookEvery });
  return (
    <>
      <h1>{say('overTitle')}</h1>
      {runs.length < 2 && (
        <p>
          {say('fewRuns')} <a href={hashOf({ view: 'runs' })}>{say('runs')}</a>
        </p>
      )}
      {runs.length > 1 && !answer && <Waiting error={error} />}
      {runs.length > 1 && answer && (
        <>
          <Legend details={answer} />
          <Live key={runs.join('\n')} details={answer} />
          <Differences details={answer} />
        </>
      )}
    </>
  );
}

interface Props {
  readonly details: readonly RunDetails[];
}

function Live({ details }: Props) {
  const runs = details.map(({ id }) => id);
  const ended = details.filter(({ state }) => state !== 'running').map(({ id }) => id);
  const { histories, version, connected } = useHistories(runs, ended);
  return (
    <>
      <Connected is={connected} />
      <Charts runs={runs} histories={histories} version={version} />
      {histories.map(({ guarded }, i) => (
        <Guards key={runs[i]} run={runs[i]} guarded={guarded} />
      ))}
    </>
  );
}

/** Each run with its colour, and what it has come to. */
function Legend({ details }: Props) {
  const measures = ['toxicity', 'reward', 'rouge1'] as const;
  const words = { toxicity: 'toxicity', reward: 'reward', rouge1: 'rouge' } as const;
  return (
    <section class="wide" aria-label={say('runs')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say('run')}</th>
            <th scope="col">{say('state')}</th>
            {measures.map((measure) => (
              <th key={measure} scope="col" class="number">
                {say(words[measure])}
              </th>
            ))}
            <th scope="col">{say('verdict')}</th>
          </tr>
        </thead>
        <tbody>
          {details.map(({ id, state, before, after, verdict }, i) => (
            <tr key={id}>
              <th scope="row">
                <i class={`swatch color-${i % 8}`} />{' '}
                <a href={hashOf({ view: 'run', run: id })}>{id}</a>
              </th>
              <td>
                <span class={`badge ${state}`}>{say(state)}</span>
              </td>
              {measures.map((measure) => (
                <td key={measure} class="number">
                  {[before?.[measure], after?.[measure]]
                    .flatMap((value) => value ?? [])
                    .map(shortNumber)
                    .join(' → ')}
                </td>
              ))}
              <td>{verdict ? say(verdict) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Differences({ details }: Props) {
  const [only, setOnly] = useState(true);
  const { answer: forms = [] } = useAnswer<readonly JobForm[]>('/api/jobs');
  const all = byName(
    settingRows(
      details.map(({ config }) => config),
      details.map(({ job }) => settingsOf(forms.find((form) => form.job === job))),
    ),
  );
  const rows = only ? all.filter(({ differs }) => differs) : all;
  return (
    <section aria-labelledby="differences">
      <h2 id="differences">{say('settings')}</h2>
      <p>
        <label>
          <input
            type="checkbox"
            checked={only}
            onChange={(event) => setOnly(event.currentTarget.checked)}
          />{' '}
          {say('onlyDifferent')}
        </label>
      </p>
      {rows.length === 0 ? (
        <p>{say('noDifference')}</p>
      ) : (
        <SettingsTable runs={details.map(({ id }) => id)} rows={rows} />
      )}
    </section>
  );
}

/** The settings of a job. */
function settingsOf(form: JobForm | undefined): ReadonlySet<string> | undefined {
  const { definitions } = form?.schema ?? {};
  return definitions ? new Set(Object.keys(definitions)) : undefined;
}
