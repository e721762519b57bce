/** Where the time of a step goes: medians of the last steps. */
import { type History, medianOfLast } from '../history.ts';
import { say } from '../state.ts';
import type { Word } from '../words/words.ts';

const phases: readonly (readonly [Word, string])[] = [
  ['generate', 'time/generate'],
  ['rewardPhase', 'time/reward'],
  ['forwardPhase', 'time/ppo/forward_pass'],
  ['optimise', 'time/ppo/optimize_step'],
  ['record', 'time/record'],
];

/** Steps that are looked at. */
const recent = 20;

export function Phases({ history }: { readonly history: History }) {
  const median = (metric: string) => {
    const line = history.lines.get(metric);
    return line && medianOfLast(line, recent);
  };
  const whole = median('time/step');
  if (whole === undefined || whole === 0) return null;
  const known = phases.flatMap(([word, metric]) => {
    const seconds = median(metric);
    return seconds === undefined ? [] : [{ word, seconds }];
  });
  if (known.length === 0) return null;
  const rest = Math.max(0, whole - known.reduce((sum, { seconds }) => sum + seconds, 0));
  const parts = [...known, { word: 'rest' as const, seconds: rest }];
  return (
    <section aria-labelledby="phases">
      <h2 id="phases">{say('phases')}</h2>
      <div class="stack" aria-hidden="true">
        {parts.map(({ word, seconds }, i) => (
          <i key={word} class={`color-${i}`} style={{ flexGrow: seconds / whole }} />
        ))}
      </div>
      <table>
        <thead>
          <tr>
            <th scope="col">{say('phase')}</th>
            <th scope="col" class="number">
              {say('seconds')}
            </th>
            <th scope="col" class="number">
              {say('share')}
            </th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ word, seconds }, i) => (
            <tr key={word}>
              <th scope="row">
                <i class={`swatch color-${i}`} /> {say(word)}
              </th>
              <td class="number">{seconds.toFixed(2)}</td>
              <td class="number">{Math.round((100 * seconds) / whole)} %</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
