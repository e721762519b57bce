/** What the events of a run add up to: its curves and how long it will still take. */

import type { LiveEvent } from '../api.ts';
import type { StepMetrics } from '../events.ts';

export interface Progress {
  /** Metrics by step, in the order of the steps. */
  readonly metrics: ReadonlyMap<number, StepMetrics>;
  readonly steps: number;
}

export const nothingYet: Progress = { metrics: new Map(), steps: 0 };

/** The progress after more events; many at once cost one copy. */
export function after(progress: Progress, events: readonly LiveEvent[]): Progress {
  let metrics = new Map(progress.metrics);
  let { steps } = progress;
  for (const event of events) {
    if (event.type === 'reset') {
      metrics = new Map();
      steps = 0;
    } else if (event.type === 'resumed') {
      metrics = new Map([...metrics].filter(([step]) => step <= event.step));
      steps = event.steps ?? steps;
    } else if (event.type === 'started') steps = event.steps ?? steps;
    else if (event.type === 'step') {
      metrics.set(event.step, event.metrics);
      steps = event.steps;
    }
  }
  return { metrics, steps };
}

/** Points of one metric, `[steps, values]`; steps that lack it have a gap. */
export function curveOf({ metrics }: Progress, name: string): Curve {
  const values = [...metrics.values()].map((metric) => {
    const value = metric[name];
    return value !== undefined && Number.isFinite(value) ? value : null;
  });
  return [[...metrics.keys()], values];
}

/** What is looked at first; all others come after these by name. */
const first = ['env/reward_mean', 'objective/kl', 'ppo/loss/total', 'objective/entropy'];

/** Names of all metrics that some step has. */
export function namesIn({ metrics }: Progress): string[] {
  const names = new Set<string>();
  for (const metric of metrics.values()) for (const name in metric) names.add(name);
  const others = [...names].filter((name) => !first.includes(name)).toSorted();
  return [...first.filter((name) => names.has(name)), ...others];
}

type Curve = [number[], (number | null)[]];

/** A long curve in about so many points: of each stretch its lowest and its highest, so that no peak goes. */
export function thinned([steps, values]: Curve, points: number): Curve {
  const size = Math.ceil((2 * steps.length) / points);
  if (size <= 2) return [steps, values];
  const kept: number[] = [];
  for (let from = 0; from < steps.length; from += size) {
    let low = from;
    let high = from;
    for (let i = from; i < Math.min(from + size, steps.length); i++) {
      if ((values[i] ?? Infinity) < (values[low] ?? Infinity)) low = i;
      if ((values[i] ?? -Infinity) > (values[high] ?? -Infinity)) high = i;
    }
    kept.push(...new Set([Math.min(low, high), Math.max(low, high)]));
  }
  return [kept.map((i) => steps[i]), kept.map((i) => values[i])];
}

/** Seconds that the rest will take, by the median of the last 20 steps; undefined when nothing tells. */
export function secondsLeft(progress: Progress, name: string): number | undefined {
  const recent = [...progress.metrics.values()].slice(-20).flatMap((metric) => metric[name] ?? []);
  if (recent.length === 0) return undefined;
  const median = recent.toSorted((a, b) => a - b)[Math.floor(recent.length / 2)];
  const last = [...progress.metrics.keys()].at(-1) ?? 0;
  return Math.max(0, progress.steps - last) * median;
}
