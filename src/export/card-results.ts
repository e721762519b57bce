/** What a model card says of measurements, and the hub's `model-index` of them. Pure. */
import { literal } from './card-code.ts';

export interface CardMetric {
  /** As the hub calls it: `rouge`. */
  readonly type: string;
  readonly name: string;
  readonly before: number;
  /** After training. */
  readonly value: number;
  /** Ends of the interval of the change, and its coverage. */
  readonly interval: readonly [low: number, high: number];
  readonly level: number;
  /** Prompts. */
  readonly n: number;
}

export interface CardResults {
  /** In one sentence. */
  readonly verdict: string;
  /** Name of the data on the hub, where it has one. */
  readonly dataset?: string;
  /** `95 %` */
  readonly level: string;
  readonly metrics: readonly CardMetric[];
  /** Of the table: what, before, after, change, interval. */
  readonly rows: readonly (readonly string[])[];
  /** What the numbers cannot say, a sentence each. */
  readonly limits: readonly string[];
}

/** `model-index` of the front matter, as huggingface_hub reads it. */
export function modelIndex({ metrics, dataset }: CardResults, name: string): string {
  const lines = metrics.flatMap((metric) => [
    `    - type: ${metric.type}`,
    `      name: ${literal(`${metric.name}, after training`)}`,
    `      value: ${rounded(metric.value)}`,
    '      args:',
    `        before: ${rounded(metric.before)}`,
    `        change_interval: [${metric.interval.map(rounded).join(', ')}]`,
    `        level: ${metric.level}`,
    `        prompts: ${metric.n}`,
  ]);
  return [
    'model-index:',
    `- name: ${literal(name)}`,
    '  results:',
    '  - task:',
    '      type: summarization',
    '    dataset:',
    `      type: ${literal(dataset ?? 'custom')}`,
    `      name: ${literal(dataset ?? 'held-out dialogues')}`,
    '      split: test',
    '    metrics:',
    ...lines,
  ].join('\n');
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** A judge's name can hold anything. */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]|~$<>]/g, '\\$&').replace(/\s+/g, ' ');
}

/** The sections of the card. */
export function resultSections({ verdict, level, rows, limits }: CardResults): string {
  const head = ['', 'before', 'after', 'change', `${level} interval`];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const table = [
    head,
    head.map((_, i) => (i === 0 ? ':--' : '--:')),
    ...rows.map((row) => row.map(escaped)),
  ].map(line);
  return [
    '## What it does',
    `> ${escaped(verdict)}`,
    table.join('\n'),
    'Means over the same held-out prompts before and after training; the interval is that of the change.',
    '## Limits',
    limits.map((limit) => `- ${limit}`).join('\n'),
  ].join('\n\n');
}
