/** What `tactful runs` shows. Pure. */
import type { RunDetails, RunSummary } from '../api.ts';
import type { JobEvent } from '../events.ts';
import { curvesOf } from '../report/curves.ts';
import { columns } from '../report/several/columns.ts';
import type { Differing } from '../report/several/several.ts';
import { duration, fixed, oneLine, sparkline, wrap } from '../report/text.ts';
import { guardText } from '../report/words/guards.ts';
import { reportWords } from '../report/words/report.ts';

type Bold = (text: string) => string;

/** `2026-11-29 10:00`, in UTC as logs have it. */
function timeText(time: string): string {
  return oneLine(time).slice(0, 16).replace('T', ' ');
}

function stepsText({ step, steps }: RunSummary): string {
  return steps > 0 ? `${step}/${steps}` : `${step}`;
}

/** A measure that all runs have, as it came out; of one that trains as it is now. */
function measureText(run: RunSummary, name: 'reward' | 'toxicity', now: readonly string[]): string {
  const [before, after] = [run.before?.[name], run.after?.[name]];
  if (before !== undefined && after !== undefined)
    return `${fixed(before, 3)} → ${fixed(after, 3)}`;
  const value = now.map((metric) => run.metrics?.[metric]).find((one) => one !== undefined);
  return value === undefined ? '' : fixed(value, 3);
}

/** A line a run. */
export function listText(runs: readonly RunSummary[], bold: Bold): string {
  const [head, ...rows] = columns([
    ['run', 'job', 'state', 'started (UTC)', 'step', 'reward', 'toxicity', 'verdict'],
    ...runs.map((run) => [
      oneLine(run.id),
      [run.job, run.algorithm ?? ''].join(' ').trim(),
      run.state,
      timeText(run.time),
      stepsText(run),
      measureText(run, 'reward', ['env/reward_mean', 'ppo/mean_scores']),
      measureText(run, 'toxicity', ['env/toxic_share']),
      run.verdict ?? '',
    ]),
  ]);
  return [bold(head), ...rows].join('\n');
}

/** All that is known of a run: how it went, what was measured, its settings. */
export function showText(run: RunDetails, events: readonly JobEvent[], bold: Bold): string {
  const took = run.seconds === undefined ? [] : [`in ${duration(run.seconds)}`];
  const head = [
    ...[run.job, run.state, `step ${stepsText(run)}`, ...took],
    ...[`started ${timeText(run.time)} UTC`, `tactful ${oneLine(run.version)}`],
  ];
  const guards = events.flatMap((event) => (event.type === 'guarded' ? [guardText(event)] : []));
  const blocks = [
    [bold(oneLine(run.id)), head.join(', '), ...(run.verdict ? [`verdict: ${run.verdict}`] : [])],
    guards,
    measuresText(run, bold),
    curvesText(events),
    settingsText(run.config, bold),
    run.files.length > 0 ? [`files: ${run.files.join(', ')}`] : [],
  ];
  return blocks
    .filter(({ length }) => length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function measuresText({ before = {}, after = {} }: RunDetails, bold: Bold): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  if (names.length === 0) return [];
  const cell = (value: number | undefined) => (value === undefined ? '–' : fixed(value, 3));
  const [head, ...rows] = columns([
    ['measure', 'before', 'after'],
    ...names.map((name) => [oneLine(name), cell(before[name]), cell(after[name])]),
  ]);
  return [bold(head), ...rows];
}

function curvesText(events: readonly JobEvent[]): string[] {
  const steps = events.flatMap((event) => (event.type === 'step' ? [event] : []));
  return curvesOf(steps)
    .filter(({ drawn }) => drawn)
    .map(({ key, digits, value }) => {
      const values = steps.flatMap(({ metrics }) => value(metrics) ?? []);
      const now = fixed(values.at(-1) ?? Number.NaN, digits);
      return `${reportWords.en.curves[key].padEnd(8)}${sparkline(values, 40)}  ${now}`;
    });
}

function settingsText(config: Readonly<Record<string, unknown>>, bold: Bold): string[] {
  const entries = Object.entries(config).filter(([, value]) => value !== undefined);
  const widest = Math.max(0, ...entries.map(([name]) => name.length));
  const rows = entries.map(([name, value]) => `${name.padEnd(widest)}  ${told(value)}`);
  return rows.length > 0 ? [bold('settings'), ...rows] : [];
}

/** Settings that differ, a column a run, long ones cut; and what else does. */
export function differenceText(
  names: readonly string[],
  settings: readonly Differing[],
  files: readonly string[],
  { width, bold }: { readonly width: number; readonly bold: Bold },
): string {
  if (settings.length + files.length === 0) return 'The same settings, and the same files.';
  const widest = Math.max(...settings.map(({ name }) => name.length), 7);
  const room = Math.max(12, Math.floor((width - widest) / names.length) - 2);
  const shown = (text: string) => wrap(text, room, 1)[0];
  const [head, ...rows] = columns([
    ['setting', ...names.map((name) => shown(oneLine(name)))],
    ...settings.map(({ name, values }) => [name, ...values.map((value) => shown(told(value)))]),
  ]);
  const others = files.length > 0 ? [`They read different files: ${files.join(', ')}`] : [];
  return [...(settings.length > 0 ? [bold(head), ...rows] : []), ...others].join('\n');
}

/** A setting as it is written; of what a run does not have, a dash. */
function told(value: unknown): string {
  if (value === undefined) return '–';
  const isPlain = typeof value !== 'object' || value === null || Array.isArray(value);
  return oneLine(isPlain ? [value].flat().join(',') : JSON.stringify(value));
}
