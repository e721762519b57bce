/** I/O: one prompt across steps and runs: what was answered, side by side, with the words that differ. */
import type { RolloutWindow } from '../../api.ts';
import { bases, type Cell, gridOf } from '../across.ts';
import { fixed } from '../numbers.ts';
import { ask, say } from '../state.ts';
import { useAnswer, Waiting } from './answer.tsx';
import { Changed, Text } from './changed.tsx';
import { askedFor, RunChoice, searchOf } from './filters.tsx';
import { tokensOf } from './samples.tsx';
import { Wide } from './wide.tsx';

/** Responses that are laid out at once. */
const most = 500;

export function Prompt() {
  const always = { sort: 'step', descending: '0', offset: '0', limit: `${most}` };
  const search = searchOf(['runs', 'query'], always);
  const { answer, error } = useAnswer<RolloutWindow>(`/api/rollouts?${search}`);
  const compared = bases.find((name) => name === askedFor('against')) ?? 'first';
  if (!answer) return <Waiting error={error} />;
  const { runs, lines } = gridOf(answer.rows, compared);
  return (
    <>
      <h1>{say('promptTitle')}</h1>
      <search class="filters">
        <RunChoice />
        <label>
          {say('against')}
          <select
            name="against"
            value={compared}
            onChange={(event) => ask({ against: event.currentTarget.value })}
          >
            {bases.map((name) => (
              <option key={name} value={name}>
                {say(name)}
              </option>
            ))}
          </select>
        </label>
      </search>
      <h2>{say('prompt')}</h2>
      <Text text={answer.queries[askedFor('query')] ?? ''} />
      <h2>{say('responses')}</h2>
      {answer.total === 0 && <p role="status">{say('noneLikeThat')}</p>}
      {answer.total > most && (
        <p role="status">{say('onlyFirst', { count: most, total: answer.total })}</p>
      )}
      <Wide label={say('responses')}>
        <table class="across">
          <thead>
            <tr>
              <th scope="col">{say('step')}</th>
              {runs.map((run) => (
                <th key={run} scope="col">
                  {run}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map(({ step, cells }) => (
              <tr key={step}>
                <th scope="row">{step}</th>
                {cells.map((inside, i) => (
                  <td key={runs[i]}>
                    {inside.map((cell) => (
                      <Answered key={cell.response.row} {...cell} />
                    ))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  );
}

function Answered({ response, base }: Cell) {
  const { response: text, score, kl } = response;
  return (
    <article>
      {base ? <Changed before={base.response} after={text} /> : <Text text={text} />}
      <p class="links">
        <a href={tokensOf(response)}>
          {say('score')} {fixed(score)}
        </a>
        <span>
          {say('kl')} {fixed(kl)}
        </span>
      </p>
    </article>
  );
}
