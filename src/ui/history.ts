/**
 * What the events of a run add up to: its curves, its guards, how far it is. It grows in place, because
 * a long run has a million numbers. Pure.
 */
import type { LiveEvent } from '../api.ts';
import type { Guarded, MachinesTold, StepMetrics } from '../events.ts';

/** Points of one metric in the order of steps; a step that lacks it has null. */
export interface Line {
  readonly steps: number[];
  readonly values: (number | null)[];
}

/** Names of lines that were measured on held-out prompts begin so. */
export const heldOut = 'held-out/';

export class History {
  /** By the name of the metric. */
  readonly lines = new Map<string, Line>();
  readonly guarded: Guarded[] = [];
  /** The machines that work for it, as they were told last; undefined where it has none. */
  machines: MachinesTold | undefined;
  step = 0;
  steps = 0;
  /** Whether the log's last word is that it is over. */
  over = false;
  /** Most bytes of memory that its process had, where it has ended well. */
  peak: number | undefined;

  add(events: readonly LiveEvent[]): void {
    for (const event of events) this.#take(event);
  }

  #take(event: LiveEvent): void {
    this.over = event.type === 'finished' || event.type === 'stopped';
    this.peak = event.type === 'finished' ? event.peakMemory : undefined;
    if (event.type === 'reset') this.#backTo(-1);
    else if (event.type === 'started' || event.type === 'resumed') {
      this.#backTo(event.type === 'resumed' ? event.step : -1);
      this.steps = event.steps ?? this.steps;
    } else if (event.type === 'step') {
      this.step = event.step;
      this.steps = event.steps;
      this.#learnt(event.step, event.metrics);
    } else if (event.type === 'machines') this.machines = event;
    else if (event.type === 'guarded') this.guarded.push(event);
    else if (event.type === 'evaluated')
      this.#measured(event.when === 'before' ? 0 : this.step, event);
    else if (event.type === 'validated' || event.type === 'checked')
      this.#measured(event.step, event);
  }

  #learnt(step: number, metrics: StepMetrics): void {
    for (const name in metrics) this.#line(name);
    for (const [name, { steps, values }] of this.lines) {
      if (name.startsWith(heldOut)) continue;
      const value = metrics[name];
      steps.push(step);
      values.push(Number.isFinite(value) ? value : null);
    }
  }

  /** Means of what an event measures: `{ toxicity: { mean: 0.2 } }`, `{ loss: 1.4 }`. */
  #measured(step: number, event: object): void {
    for (const [name, measure] of Object.entries(event)) {
      const mean = meanOf(measure);
      if (mean === undefined || notMeasured.includes(name)) continue;
      const { steps, values } = this.#line(heldOut + name);
      if (steps.at(-1) === step) values[values.length - 1] = mean;
      else {
        steps.push(step);
        values.push(mean);
      }
    }
  }

  #line(name: string): Line {
    const known = this.lines.get(name);
    if (known) return known;
    const line = { steps: [], values: [] };
    this.lines.set(name, line);
    return line;
  }

  #backTo(step: number): void {
    this.step = Math.max(0, Math.min(step, this.step));
    if (step < 0) this.steps = 0;
    this.machines = undefined; // who goes on may compute alone
    for (const [name, line] of this.lines) {
      const kept = line.steps.findLastIndex((at) => at <= step) + 1;
      line.steps.length = kept;
      line.values.length = kept;
      if (kept === 0) this.lines.delete(name);
    }
    const guarded = this.guarded.filter((at) => at.step <= step);
    this.guarded.splice(0, this.guarded.length, ...guarded);
  }
}

const notMeasured = ['step', 'n', 'seconds'];

function meanOf(measure: unknown): number | undefined {
  if (typeof measure === 'number') return measure;
  if (typeof measure !== 'object' || measure === null || !('mean' in measure)) return undefined;
  return typeof measure.mean === 'number' ? measure.mean : undefined;
}

/** Seconds that the rest will take, by the median of the last 20 steps; undefined when nothing tells. */
export function secondsLeft({ lines, step, steps }: History): number | undefined {
  const line = lines.get('time/step');
  const median = line && medianOfLast(line, 20);
  return median === undefined ? undefined : Math.max(0, steps - step) * median;
}

export function medianOfLast({ values }: Line, count: number): number | undefined {
  const recent = values.slice(-count).filter((value) => value !== null);
  return recent.toSorted((a, b) => a - b)[Math.floor(recent.length / 2)];
}
