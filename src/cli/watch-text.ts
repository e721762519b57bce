/** What `tactful watch` shows of a run. Pure. */

import type { JobEvent } from '../events.ts';
import { statusText } from '../jobs/detox/screen.ts';
import { curvesOf } from '../report/curves.ts';
import { duration, fixed, oneLine, sparkline, wrap } from '../report/text.ts';
import { guardText } from '../report/words/guards.ts';
import { reportWords } from '../report/words/report.ts';
import type { WatchedRun } from './follow-run.ts';

type Step = Extract<JobEvent, { type: 'step' }>;

/** Steps by whose time the rest is judged. */
const recent = 10;

function stepsOf(events: readonly JobEvent[]): Step[] {
  return events.flatMap((event) => (event.type === 'step' ? [event] : []));
}

/** Seconds until the last step; undefined before the first and after the last, while it measures. */
export function secondsLeft(events: readonly JobEvent[]): number | undefined {
  const steps = stepsOf(events);
  const last = steps.at(-1);
  const times = steps.slice(-recent).flatMap(({ metrics }) => metrics['time/step'] ?? []);
  if (last === undefined || last.step === last.steps || times.length === 0) return undefined;
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return mean * (last.steps - last.step);
}

/** One line a step: for whoever keeps them, in a file or a pipe. */
export function stepLine(step: Step): string {
  const { metrics } = step;
  const status = statusText(metrics) || ('loss' in metrics ? `loss ${fixed(metrics.loss, 4)}` : '');
  return `step ${step.step}/${step.steps}  ${status}`.trimEnd();
}

/** Lines of a screen: how far it is, curves, guards, the samples with the least and the most reward. */
export function watchText({ state, events, samples }: WatchedRun, width: number): string {
  const steps = stepsOf(events);
  const last = steps.at(-1);
  const left = state === 'running' ? secondsLeft(events) : undefined;
  const started = events.find((event) => event.type === 'started');
  const progress = last ? `step ${last.step}/${last.steps}` : 'before the first step';
  const words = { running: 'measuring', ended: 'ended', left: 'its process is gone' };
  const time = left === undefined ? words[state] : `${duration(left)} left`;
  const head = [oneLine(started?.runId ?? ''), progress, time].filter(Boolean).join('  ');
  const lineWidth = Math.max(10, Math.min(60, width - 32));
  const all = curvesOf(steps);
  const drawn = all.filter((curve) => curve.drawn);
  const curves = (drawn.length > 0 ? drawn : all).map(({ key, digits, value }) => {
    const values = steps.flatMap(({ metrics }) => value(metrics) ?? []);
    const now = fixed(values.at(-1) ?? Number.NaN, digits);
    return `${reportWords.en.curves[key].padEnd(8)}${sparkline(values, lineWidth)}  ${now}`;
  });
  const guards = events.flatMap((event) => (event.type === 'guarded' ? [event] : [])).slice(-2);
  const warnings = guards.flatMap((guard) => wrap(guardText(guard), width));
  const sorted = [...samples].sort((a, b) => a.score - b.score);
  const shown = sorted.length > 4 ? [...sorted.slice(0, 2), ...sorted.slice(-2)] : sorted;
  const texts = shown.map(({ score, response }) => {
    const [line = ''] = wrap(oneLine(response), Math.max(10, width - 10), 1);
    return `${fixed(score, 3).padStart(8)}  ${line}`;
  });
  const title = samples.length > 0 ? [`\nresponses of step ${samples[0].step}, by score`] : [];
  return [head, ...curves, ...warnings, ...title, ...texts].join('\n');
}
