/** `report.md`: what a run did and what it is worth, as a model card. Pure. */
import type { Comparison, ComparisonRow } from '../comparison.ts';
import { curvesOf } from './curves.ts';
import {
  caveats,
  commandOf,
  type EventOf,
  guardTexts,
  isTraining,
  type ReportParts,
  runFacts,
} from './facts.ts';
import { labText } from './lab.ts';
import { measureTexts, rougeText } from './measures.ts';
import {
  displayWidth,
  fixed,
  oneLine,
  pad,
  signed,
  sparkline,
  spread,
  withoutSharedLines,
  wrap,
} from './text.ts';
import { levelText, verdictReason, verdictWords } from './verdict.ts';
import { type Block, paretoBlocks, scatterBlocks, whyBlocks } from './why.ts';
import type { Language } from './words/language.ts';
import { measureNames } from './words/measures.ts';
import { reportWords } from './words/report.ts';
import type { ReportWords } from './words/report-words.ts';

/** The whole report. Texts of the data are escaped: they can hold no Markdown and no HTML. */
export function reportMarkdown(parts: ReportParts): string {
  const { started, comparison, steps, language = 'en' } = parts;
  const words = reportWords[language];
  const { titles } = words;
  const guards = guardTexts(parts, words);
  const facts = runFacts(parts, words).map(([name, text]) => [name, factText(text)]);
  return [
    `# ${titles.run(escaped(started.runId))}`,
    `> **${verdictWords(comparison, language)}:** ${verdictReason(comparison, language)}`,
    labText(comparison, language),
    ...[`## ${titles.what}`, table(['', ''], ['left', 'left'], facts)],
    ...[`## ${titles.beforeAfter}`, slices(comparison, words, language)],
    ...(isTraining(parts) ? [`## ${titles.training}`, training(steps, words)] : []),
    ...(guards ? [`## ${titles.guards}`, bullets([...guards.said, ...guards.events])] : []),
    ...whyParts(parts, words),
    ...[`## ${titles.responses}`, responses(comparison, words)],
    ...[`## ${titles.keepInMind}`, bullets(caveats(parts, words))],
    ...[`## ${titles.again}`, reproduce(parts, words)],
  ]
    .join('\n\n')
    .concat('\n');
}

/** Why samples gain, and what ROUGE says of it; nothing where there were no samples. */
function whyParts({ why, pareto, language = 'en' }: ReportParts, words: ReportWords) {
  if (!why) return [];
  const { titles } = words;
  const { scatter } = why;
  return [
    `## ${titles.why}`,
    ...whyBlocks(why, language).map(blockText),
    ...(scatter
      ? [`## ${titles.together}`, ...scatterBlocks(scatter, language).map(blockText)]
      : []),
    ...(pareto ? paretoBlocks(pareto, language).map(blockText) : []),
  ];
}

function blockText(block: Block): string {
  if (block.kind === 'heading') return `### ${escaped(block.text)}`;
  if (block.kind === 'paragraph') return escaped(block.text);
  if (block.kind === 'list') return bullets(block.items);
  return table(
    block.head,
    block.align,
    block.rows.map((row) => row.map((text) => shortened(text, 240))),
  );
}

function bullets(texts: readonly string[]): string {
  return texts.map((text) => `- ${escaped(text)}`).join('\n');
}

/** `best/` is code; all else of a run can hold anything. */
function factText(text: string): string {
  return text.startsWith('`best/`') ? text : escaped(text);
}

type Align = 'left' | 'right';

function table(head: readonly string[], align: readonly Align[], rows: readonly string[][]) {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = align.map((side) => (side === 'left' ? ':--' : '--:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function slices(comparison: Comparison, words: ReportWords, language: Language): string {
  const { before, after, change, interval, p } = words.columns;
  const head = ['', before, after, change, interval(levelText(comparison)), p];
  const align: Align[] = ['left', 'right', 'right', 'right', 'right', 'right'];
  const blocks = comparison.slices.map((slice) => {
    const rows = measureTexts(slice, { language }).map((m) => {
      const name = m.name === measureNames[language].flagged ? words.flagged : m.name;
      const changed = m.outcome === 'open' ? m.change : `**${m.change}**`;
      const [start, end] = [`${m.before} ${m.spreadBefore}`, `${m.after} ${m.spreadAfter}`];
      return [name, start.trim(), end.trim(), changed, m.interval, m.p];
    });
    const title = `${escaped(words.slice(slice.name, slice.by))}: ${words.prompts(slice.n)}`;
    return `### ${title}\n\n${table(head, align, rows)}`;
  });
  const ofRouge = comparison.rouge ? ` ${rougeText(comparison.rouge, language)}` : '';
  return [...blocks, words.how + ofRouge].join('\n\n');
}

function training(steps: readonly EventOf<'step'>[], words: ReportWords): string {
  if (steps.length === 0) return words.noSteps;
  const curves = curvesOf(steps);
  const drawn = curves.filter((curve) => curve.drawn);
  const longest = Math.max(...drawn.map(({ key }) => displayWidth(words.curves[key])));
  const lines = drawn.map(({ key, value, digits }) => {
    const values = steps.flatMap(({ metrics }) => value(metrics) ?? []);
    const ends = `${fixed(values[0], digits)} → ${fixed(values[values.length - 1], digits)}`;
    return `${pad(words.curves[key], longest)}  ${sparkline(values)}  ${ends}`;
  });
  const text = (number: number | undefined, digits: number) =>
    number === undefined ? '' : fixed(number, digits);
  const rows = spread(steps, 10).map(({ step, metrics }) => [
    `${step}`,
    ...curves.map(({ value, digits }) => text(value(metrics), digits)),
  ]);
  const head = [words.columns.step, ...curves.map(({ key }) => words.curves[key])];
  const blocks = [`\`\`\`text\n${lines.join('\n')}\n\`\`\``, table(head, head.map(right), rows)];
  return (lines.length > 0 ? blocks : blocks.slice(1)).join('\n\n');
}

const right = (): Align => 'right';

/** The best and the worst of all rows, three of each. */
function responses({ rows, extremes, slices }: Comparison, words: ReportWords): string {
  const { query, before, after } = words.columns;
  const head = [words.facts.reward, words.facts.toxicity, query, before, after];
  const align: Align[] = ['right', 'right', 'left', 'left', 'left'];
  const part = (title: string, some: readonly ComparisonRow[]) =>
    `### ${title}\n\n${table(head, align, rowCells(some, words))}`;
  const all = words.prompts(slices[0].n);
  const files = words.files(words.rows(rows.length));
  if (!extremes || slices[0].n <= 2 * extremes.best.length) {
    return [part(words.allRows, rows), files].join('\n\n');
  }
  const { best, worst } = extremes;
  return [
    part(words.roseMost(best.length, all), best),
    part(words.fellMost(worst.length, all), worst),
    files,
  ].join('\n\n');
}

function rowCells(rows: readonly ComparisonRow[], words: ReportWords): string[][] {
  const queries = withoutSharedLines(rows.map(({ query }) => query));
  const cell = (text: string, width: number) => shortened(text, width) || `*(${words.empty})*`;
  return rows.map((row, i) => [
    signed(row.reward_diff, 3),
    `${fixed(row.toxicity_before, 3)} → ${fixed(row.toxicity_after, 3)}`,
    cell(queries[i], 160),
    cell(row.response_before, 240),
    cell(row.response_after, 240),
  ]);
}

function reproduce(parts: ReportParts, words: ReportWords): string {
  const again = words.again(escaped(parts.started.version));
  return [again, `\`\`\`sh\n${commandOf(parts)}\n\`\`\``, words.record].join('\n\n');
}

/** At most `width` columns of a text of the data, safe in a table's cell. */
function shortened(text: string, width: number): string {
  return escaped(wrap(text, width, 1)[0]);
}

/** Characters that mean something in Markdown or HTML mean themselves. */
function escaped(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_[\]|~$]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
