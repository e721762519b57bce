/** What has become of a run: its verdict, what was measured before and after, its report. */
import { useEffect, useState } from 'preact/hooks';
import type { RunDetails } from '../../api.ts';
import type { Comparison, Measure, Slice } from '../../comparison.ts';
import { post } from '../connection.ts';
import { shortNumber } from '../format.ts';
import { fixed, signed } from '../numbers.ts';
import { connection, say } from '../state.ts';
import { messageOf, useAnswer, Waiting } from './answer.tsx';
import { RunHead } from './run-head.tsx';
import { Wide } from './wide.tsx';

const report = 'report.html';

export function Result({ run }: { readonly run: string }) {
  const path = `/api/runs/${encodeURIComponent(run)}`;
  const { answer, error } = useAnswer<RunDetails>(path);
  return (
    <>
      <RunHead run={run} view="result" details={answer} />
      {!answer && <Waiting error={error} />}
      {answer && !answer.after && <p>{say('noResult')}</p>}
      {answer?.comparison && <Verdict {...answer.comparison} />}
      {answer && !answer.comparison && <Measured {...answer} />}
      {answer?.files.includes(report) && <Report run={run} />}
    </>
  );
}

/** Measures of a slice by their names. */
function measuresOf(slice: Slice): (readonly [string, Measure])[] {
  return Object.entries(slice).flatMap(([name, measure]: [string, unknown]) =>
    isMeasure(measure) ? [[name, measure] as const] : [],
  );
}

function isMeasure(value: unknown): value is Measure {
  return (
    typeof value === 'object' &&
    value !== null &&
    'difference' in value &&
    hasMean(value.difference)
  );
}

function hasMean(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'mean' in value && 'low' in value;
}

function Verdict({ verdict, slices, costs = [] }: Comparison) {
  const [slice] = slices;
  const worse = new Set(costs.map(({ measure }) => measure));
  return (
    <section aria-labelledby="verdict">
      <h2 id="verdict">
        {say('verdict')}: {say(verdict)}
      </h2>
      <Wide label={say('measure')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say('measure')}</th>
              {(['beforeTraining', 'afterTraining', 'moved', 'interval'] as const).map((word) => (
                <th key={word} scope="col" class="number">
                  {say(word)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {measuresOf(slice).map(([name, { before, after, difference }]) => (
              <tr key={name}>
                <th scope="row">
                  {name} {worse.has(name) && <span class="badge broken">{say('cost')}</span>}
                </th>
                <td class="number">{fixed(before.mean, 4)}</td>
                <td class="number">{fixed(after.mean, 4)}</td>
                <td class="number">{signed(difference.mean, 4)}</td>
                <td class="number">
                  {signed(difference.low, 4)} … {signed(difference.high, 4)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </section>
  );
}

/** Means before and after, of a run that compares no more than these. */
function Measured({ before = {}, after = {} }: Pick<RunDetails, 'before' | 'after'>) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  if (names.length === 0) return null;
  return (
    <Wide label={say('measure')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say('measure')}</th>
            {(['beforeTraining', 'afterTraining'] as const).map((word) => (
              <th key={word} scope="col" class="number">
                {say(word)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="number">{shortNumber(before[name])}</td>
              <td class="number">{shortNumber(after[name])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

/** The report in a frame that may run its own script and nothing else. */
function Report({ run }: { readonly run: string }) {
  const [given, setGiven] = useState<{ readonly address?: string; readonly error?: string }>({});
  useEffect(() => {
    let isGone = false;
    const path = `/api/runs/${encodeURIComponent(run)}/files/${report}`;
    post<{ readonly address: string }>(connection, path, {}).then(
      ({ address }) => !isGone && setGiven({ address }),
      (error: unknown) => !isGone && setGiven({ error: messageOf(error) }),
    );
    return () => {
      isGone = true;
    };
  }, [run]);
  return (
    <section aria-labelledby="report">
      <h2 id="report">{say('report')}</h2>
      {given.address === undefined ? (
        <Waiting error={given.error} />
      ) : (
        <iframe title={say('report')} src={given.address} sandbox="allow-scripts" />
      )}
    </section>
  );
}
