/** A chart: its lines, their numbers as text where one points, by mouse or by keyboard. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Stretch, shapeOf, valueAt } from '../curves.ts';
import { shortNumber } from '../format.ts';
import { say } from '../state.ts';
import { type Drawn, type Mark, type Plot, plotIn } from './plot.ts';

interface Props {
  readonly title: string;
  readonly drawn: readonly Drawn[];
  readonly marks?: readonly Mark[];
  /** Another number wherever the lines have grown. */
  readonly version: number;
  readonly stretch?: Stretch | undefined;
  readonly onStretch: (stretch: Stretch | undefined) => void;
}

const noMarks: readonly Mark[] = [];

export function Chart({ title, drawn, marks = noMarks, version, stretch, onStretch }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const [at, setAt] = useState<number | undefined>();
  const looks = drawn.map(({ name, color, dashed }) => `${name}|${color}|${dashed}`).join();
  const picture = { drawn, marks, stretch };
  useEffect(() => {
    if (!place.current) return undefined;
    const made = plotIn(place.current, picture, { at: setAt, chosen: onStretch });
    plot.current = made;
    return () => made.destroy();
  }, [looks]);
  useEffect(() => plot.current?.draw(picture), [version, looks, marks.length, stretch]);

  const ends = drawn.flatMap(({ line: { steps } }) =>
    steps.length ? [steps[0], steps.at(-1)] : [],
  );
  const [first, last] = [Math.min(...ends.map(Number)), Math.max(...ends.map(Number))];
  const low = stretch ? Math.max(first, Math.ceil(stretch.from)) : first;
  const high = stretch ? Math.min(last, Math.floor(stretch.to)) : last;
  const now = Math.min(high, Math.max(low, at ?? high));
  const numbers = drawn.map(
    ({ name, line }) => `${name} ${shortNumber(valueAt(line, now)) || '–'}`,
  );
  const onKeyDown = (event: KeyboardEvent) => {
    const { key, shiftKey } = event;
    const by = shiftKey ? 10 : 1;
    const half = (high - low) / (key === '+' ? 4 : 1);
    const moves: Readonly<Record<string, number>> = {
      ...{ ArrowLeft: now - by, ArrowRight: now + by, ArrowDown: now - by, ArrowUp: now + by },
      ...{ Home: low, End: high, PageUp: now + 10, PageDown: now - 10 },
    };
    if (key in moves) plot.current?.point(Math.min(high, Math.max(low, moves[key])));
    else if (key === '+' || key === '-') onStretch(around(now, half, first, last));
    else if (key === 'Escape') onStretch(undefined);
    else return;
    event.preventDefault();
  };
  if (ends.length === 0) return null;
  return (
    <figure class="chart">
      <figcaption>
        <strong>{title}</strong>{' '}
        <span class="quiet">
          {say('step')} {now}
        </span>
      </figcaption>
      <ul class="readout">
        {drawn.map(({ name, line, color, dashed }) => (
          <li key={name} title={shapeText(line)}>
            <i class={`swatch color-${color % 8}${dashed ? ' dashed' : ''}`} />
            {name} <b>{shortNumber(valueAt(line, now)) || '–'}</b>
          </li>
        ))}
      </ul>
      <div
        ref={place}
        role="slider"
        tabIndex={0}
        aria-label={`${title}, ${say('step')}`}
        aria-valuemin={low}
        aria-valuemax={high}
        aria-valuenow={now}
        aria-valuetext={`${say('step')} ${now}: ${numbers.join(', ')}`}
        onKeyDown={onKeyDown}
      />
    </figure>
  );
}

/** So many steps to each side; undefined for all. */
function around(step: number, half: number, first: number, last: number): Stretch | undefined {
  const stretch = { from: Math.max(first, step - half), to: Math.min(last, step + half) };
  const isAll = stretch.from <= first && stretch.to >= last;
  return isAll || stretch.to - stretch.from < 2 ? undefined : stretch;
}

function shapeText(line: Drawn['line']): string {
  const shape = shapeOf(line);
  if (!shape) return '';
  const { count, first, last, lowest, highest } = shape;
  const shown = { first, last, lowest, highest };
  const texts = Object.entries(shown).map(([name, value]) => [name, shortNumber(value)]);
  return say('shape', { count, ...Object.fromEntries(texts) });
}
