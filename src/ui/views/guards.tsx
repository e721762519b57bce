/** What guards saw, with the answers that show it. */
import type { Guarded } from '../../events.ts';
import { shortNumber } from '../format.ts';
import { say } from '../state.ts';

interface Props {
  readonly guarded: readonly Guarded[];
  /** Whose they are, where several runs are shown. */
  readonly run?: string;
}

export function Guards({ guarded, run }: Props) {
  if (guarded.length === 0) return null;
  const id = `guards-${run ?? ''}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>
        {say('guards')}
        {run !== undefined && `: ${run}`}
      </h2>
      {guarded.map((one) => (
        <Guard key={`${one.step} ${one.guard} ${one.reads} ${one.judge ?? ''}`} {...one} />
      ))}
    </section>
  );
}

function Guard({ step, guard, judge, action, to = 0, numbers, samples }: Guarded) {
  const name = judge === undefined ? guard : `${guard}: ${judge}`;
  const severe = action === 'rolled back';
  const { before, now, limit, relative } = numbers;
  const limitText = relative ? `${shortNumber(limit * 100)} %` : shortNumber(limit);
  const shown = { before: shortNumber(before), now: shortNumber(now), limit: limitText };
  return (
    <details class={severe ? 'guard severe' : 'guard'}>
      <summary>
        {say(severe ? 'backTo' : 'warnedAt', { step, guard: name, to })}
        {' · '}
        {say('guardNumbers', shown)}
      </summary>
      {samples.length > 0 && <h3>{say('guardSamples')}</h3>}
      <ul>
        {samples.map(({ query, response }) => (
          <li key={query + response}>
            <bdi>{response}</bdi>
            <details>
              <summary class="quiet">…</summary>
              <pre>{query}</pre>
            </details>
          </li>
        ))}
      </ul>
    </details>
  );
}
