/** What a run's events say in numbers, as curves have them: for stores that draw. Pure. */
import type { Comparison } from '../comparison.ts';
import type { JobEvent } from '../events.ts';

/** How far a run's time has come, as curves tell it. */
export interface Clock {
  /** The last step; 0 before the first. */
  readonly step: number;
  /** What the steps have taken so far, which do not count what a stop or a crash cost. */
  readonly seconds: number;
}

export const clockAtStart: Clock = { step: 0, seconds: 0 };

/** What is drawn of one event: numbers by the names of their curves, at a step. */
export interface Point extends Clock {
  /** Finite ones alone. */
  readonly scalars: Readonly<Record<string, number>>;
}

/**
 * What is to be drawn of an event. A step's metrics keep their names; what is measured beside the steps
 * is under `evaluated/`, `validated/`, `checked/`, `guarded/` and `compared/`.
 * @param clock as the events before it left it
 */
export function pointOf(event: JobEvent, clock: Clock): Point {
  const at = (step: number, scalars: Record<string, unknown>) => {
    return { step, seconds: clock.seconds, scalars: finite(scalars) };
  };
  switch (event.type) {
    case 'step':
      return { ...clockAfter(event, clock), scalars: finite(event.metrics) };
    case 'evaluated': {
      const { type, when, notes: _, ...measures } = event;
      return at(when === 'before' ? 0 : clock.step, numbersIn(measures, type));
    }
    case 'validated': {
      const { type, step, best: _, ...measures } = event;
      return at(step, numbersIn(measures, type));
    }
    case 'checked': {
      const { type, step, well: _, n: __, seconds: ___, ...measures } = event;
      return at(step, numbersIn(measures, type));
    }
    case 'guarded':
      return at(event.step, { [`guarded/${event.guard}`]: event.numbers.now });
    case 'compared':
      return at(clock.step, differencesIn(event.comparison));
    default:
      return { ...clock, scalars: {} };
  }
}

/** How far it is after an event. */
export function clockAfter(event: JobEvent, { step, seconds }: Clock): Clock {
  if (event.type === 'resumed') return { step: event.step, seconds };
  if (event.type !== 'step') return { step, seconds };
  return { step: event.step, seconds: seconds + (event.metrics['time/step'] ?? 0) };
}

/** Numbers of a measurement by their paths; of a mean, a share or an interval the one that matters. */
function numbersIn(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'number') return { [path]: value };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const { mean, share } = value as { mean?: unknown; share?: unknown };
  const number = mean ?? share;
  if (typeof number === 'number') return { [path]: number };
  const parts = Object.entries(value).map(([name, part]) => numbersIn(part, `${path}/${name}`));
  return Object.assign({}, ...parts);
}

/** Of all samples together. */
function differencesIn({ slices }: Comparison): Record<string, unknown> {
  const [all] = slices;
  const parts = Object.entries(all ?? {}).map(([name, measure]: [string, unknown]) => {
    const sides = (measure ?? {}) as Readonly<Record<string, unknown>>;
    const compared = ['before', 'after', 'difference'] as const;
    return Object.assign(
      {},
      ...compared.map((side) => numbersIn(sides[side], `compared/${name}/${side}`)),
    );
  });
  return Object.assign({}, ...parts);
}

/** JSON has null in the place of what is no finite number. */
function finite(scalars: Readonly<Record<string, unknown>>): Record<string, number> {
  const kept = Object.entries(scalars).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(kept) as Record<string, number>;
}
