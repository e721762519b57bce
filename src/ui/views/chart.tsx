/** A chart: its lines, their numbers as text where one points, by mouse or by keyboard. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Stretch, shapeOf, valueAt } from '../curves.ts';
import { shortNumber } from '../format.ts';
import { say } from '../state.ts';
import { type Drawn, type Mark, type Plot, plotIn } from './plot.ts';

interface Props {
  readonly title: string;
  readonly drawn: readonly Drawn[];
  readonly marks: readonly Mark[];
  /** Another one wherever the lines are others. */
  readonly version: string;
  readonly stretch?: Stretch | undefined;
  /** The step that is pointed at in one of the charts. */
  readonly at: number | undefined;
  readonly onAt: (step: number | undefined) => void;
  readonly onStretch: (stretch: Stretch | undefined) => void;
}

export function Chart(props: Props) {
  const { title, drawn, marks, version, stretch, at, onAt, onStretch } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const [isFocused, setIsFocused] = useState(false);
  const looks = drawn.map(({ name, color, dashed }) => `${name}|${color}|${dashed}`).join();
  const picture = { drawn, marks, stretch };
  useEffect(() => {
    if (!place.current) return undefined;
    const made = plotIn(place.current, picture, { at: onAt, chosen: onStretch });
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
    if (key in moves) {
      const step = Math.min(high, Math.max(low, moves[key]));
      plot.current?.point(step);
      onAt(step);
    } else if (key === '+' || key === '-') onStretch(around(now, half, first, last));
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
          <li key={name}>
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
        {...(isFocused && { 'aria-description': drawn.map(shapeText).join('; ') })}
        onFocus={() => setIsFocused(true)}
        onBlur={() => setIsFocused(false)}
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

/** What a line does, for whoever does not see it. */
function shapeText({ name, line }: Drawn): string {
  const shape = shapeOf(line);
  if (!shape) return name;
  const { count, first, last, lowest, highest } = shape;
  const shown = { first, last, lowest, highest };
  const texts = Object.entries(shown).map(([word, value]) => [word, shortNumber(value)]);
  return say('shape', { name, count, ...Object.fromEntries(texts) });
}
