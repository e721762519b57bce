/** The curves of one run, or of several laid over each other, with one stretch of steps for all. */
import { useMemo, useState } from 'preact/hooks';
import { groupsOf, mainOf, othersOf, type Stretch, smoothed } from '../curves.ts';
import { type History, heldOut, type Line } from '../history.ts';
import { say } from '../state.ts';
import { Chart } from './chart.tsx';
import type { Drawn, Mark } from './plot.ts';

interface Props {
  readonly runs: readonly string[];
  readonly histories: readonly History[];
  readonly version: number;
}

export function Charts({ runs, histories, version }: Props) {
  const [stretch, setStretch] = useState<Stretch | undefined>();
  const [at, setAt] = useState<number | undefined>();
  const [window, setWindow] = useState(1);
  const [isOpen, setIsOpen] = useState(false);
  const names = new Set(histories.flatMap(({ lines }) => [...lines.keys()]));
  const others = othersOf(names);
  const guarded = histories.flatMap((history) => history.guarded);
  const marks = useMemo(() => guarded.map(markOf), [guarded.length, version]);
  const shared = {
    version: `${version} ${window}`,
    stretch,
    marks,
    at,
    onAt: setAt,
    onStretch: setStretch,
  };
  const smooth = useMemo(() => smoother(window), [version, window]);
  const drawn = (metrics: readonly string[]) => drawnOf(metrics, runs, histories, smooth);
  if (names.size === 0) return null;
  return (
    <>
      <p class="filters">
        <label>
          {say('smooth')}
          <select value={window} onChange={(event) => setWindow(Number(event.currentTarget.value))}>
            {windows.map((count) => (
              <option key={count} value={count}>
                {count === 1 ? say('unsmoothed') : say('meanOf', { count })}
              </option>
            ))}
          </select>
        </label>
      </p>
      <p class="quiet">
        {say('zoomHint')} {marks.length > 0 && say('marksHint')}{' '}
        {stretch && (
          <button type="button" onClick={() => setStretch(undefined)}>
            {say('allSteps')}
          </button>
        )}
      </p>
      <section class="charts" aria-label={say('live')}>
        {groupsOf(names).map(({ title, names: metrics }) => (
          <Chart key={title} title={say(title)} drawn={drawn(metrics)} {...shared} />
        ))}
      </section>
      {others.length > 0 && (
        <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
          <summary>{say('others', { count: others.length })}</summary>
          <section class="charts">
            {isOpen &&
              others.map((name) => (
                <Chart key={name} title={name} drawn={drawn([name])} {...shared} />
              ))}
          </section>
        </details>
      )}
    </>
  );
}

/** Steps over which lines can be smoothed. */
const windows = [1, 5, 20, 100, 500];

/** Smooths each line once, however often it is asked. */
function smoother(window: number): (line: Line) => Line {
  const known = new Map<Line, Line>();
  return (line) => {
    if (window === 1) return line;
    const done = known.get(line) ?? smoothed(line, window);
    known.set(line, done);
    return done;
  };
}

function markOf({ step, action }: History['guarded'][number]): Mark {
  return { step, severe: action === 'rolled back' };
}

/** Of one run a colour a metric, of several a colour a run; what was held out is dashed. */
function drawnOf(
  metrics: readonly string[],
  runs: readonly string[],
  histories: readonly History[],
  smooth: (line: Line) => Line,
): Drawn[] {
  const isOne = runs.length === 1;
  return histories.flatMap(({ lines }, i) =>
    (isOne ? metrics : mainOf(metrics)).flatMap((metric, j) => {
      const line = lines.get(metric);
      if (!line) return [];
      const dashed = metric.startsWith(heldOut);
      const run = dashed ? say('onHeldOut', { run: runs[i] }) : runs[i];
      const shown = dashed ? line : smooth(line);
      return [{ name: isOne ? metric : run, line: shown, color: isOne ? j : i, dashed }];
    }),
  );
}
