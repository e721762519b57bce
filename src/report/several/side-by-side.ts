/** Finished runs beside each other, as text for a terminal. Pure. */
import { fixed, oneLine, sparkline, withoutSharedLines, wrap } from '../text.ts';
import { paretoBlocks } from '../why.ts';
import type { Language } from '../words/language.ts';
import { reportWords } from '../words/report.ts';
import { severalWords } from '../words/several.ts';
import { verdictWords } from '../words/verdict.ts';
import { columns } from './columns.ts';
import { type Difference, drawn, type SideBySide, toldMeasure, toldMeasures } from './several.ts';
import { changeText, lastKlText, movedText } from './texts.ts';

interface Options {
  readonly language: Language;
  /** Prompts whose answers are shown. */
  readonly rows: number;
  readonly width: number;
  bold(text: string): string;
}

/** Verdicts, curves, settings that differ, each against the first, answers. */
export function sideBySideText(some: SideBySide, options: Options): string {
  return [
    runsText(some, options),
    curvesText(some, options),
    settingsText(some, options),
    ...some.differences.map((difference) => differenceText(difference, options)),
    paretoText(some, options),
    answersText(some, options),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function runsText({ runs }: SideBySide, { language, bold }: Options): string {
  const words = severalWords[language];
  const table = columns([
    [words.run, ...toldMeasures.map((name) => words.measures[name]), words.lastKl, words.verdict],
    ...runs.map((run) => [
      run.name,
      ...toldMeasures.map((name) => movedText(name, run.slices?.[0][name])),
      lastKlText(run),
      run.verdict ? verdictWords[language].verdicts[run.verdict] : '',
    ]),
  ]);
  const [head, ...rows] = table;
  return [bold(head), ...rows].join('\n');
}

/** A line a metric and run: how it went, from where to where. */
function curvesText({ runs }: SideBySide, { bold, language }: Options): string {
  const names = reportWords[language].curves;
  const blocks = drawn.flatMap(({ title, curve, digits }) => {
    const lines = runs.flatMap(({ name, curves: { [title]: values = [] } }) => {
      if (values.length === 0) return [];
      const ends = [values[0], values[values.length - 1]].map((value) => fixed(value, digits));
      return [['', name, sparkline(values, 40), ends.join(' → ')]];
    });
    return lines.length > 0 ? [[bold(names[curve]), ...aligned(lines)].join('\n')] : [];
  });
  return blocks.join('\n');
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widest = Math.max(...rows.map(([, name]) => name.length));
  return rows.map(([, name, line, ends]) => `  ${name.padEnd(widest)}  ${line}  ${ends}`);
}

function settingsText({ settings, files, runs }: SideBySide, { bold, language }: Options): string {
  const words = severalWords[language];
  if (settings.length + files.length === 0) return '';
  const told = (value: unknown) => oneLine(value === undefined ? '–' : [value].flat().join(','));
  const [head, ...rows] = columns([
    [words.settings, ...runs.map(({ name }) => name)],
    ...settings.map(({ name, values }) => [name, ...values.map(told)]),
  ]);
  const other = files.length > 0 ? [words.files(files)] : [];
  return [bold(head), ...rows, ...other].join('\n');
}

function differenceText(difference: Difference, { language, bold }: Options): string {
  const words = severalWords[language];
  const { first, second, slices, same, shows } = difference;
  const rows = toldMeasures.flatMap((name) => {
    const measure = toldMeasure(difference, name);
    if (!measure) return [];
    const proven = shows.includes(name) ? words.proven : '';
    return [[words.measures[name], movedText(name, measure), changeText(name, measure), proven]];
  });
  const title = words.against(second, first, slices[0].n, same);
  return [bold(title), ...columns(rows)].join('\n');
}

/** Which are worth keeping. */
function paretoText({ pareto }: SideBySide, { language, bold }: Options): string {
  return paretoBlocks(pareto, language)
    .map((block) => {
      if (block.kind === 'heading') return bold(block.text);
      if (block.kind === 'table') return columns([block.head, ...block.rows]).join('\n');
      return block.kind === 'list' ? block.items.join('\n') : block.text;
    })
    .join('\n');
}

function answersText({ answers, prompts, runs }: SideBySide, options: Options): string {
  const { rows, width, bold, language } = options;
  const shown = answers.slice(0, rows);
  if (shown.length === 0) return '';
  const queries = withoutSharedLines(answers.slice(0, 50).map(({ query }) => query));
  const widest = Math.max(...runs.map(({ name }) => name.length));
  const blocks = shown.map(({ responses }, i) => [
    ...wrap(queries[i], width, 3),
    ...responses.flatMap(({ response, toxicity, reward }, at) => {
      const head = `  ${runs[at].name.padEnd(widest)}  ${fixed(reward, 2)}  ${fixed(toxicity, 2)}  `;
      const [line = '', ...more] = wrap(response, Math.max(20, width - head.length), 3);
      return [head + line, ...more.map((text) => ' '.repeat(head.length) + text)];
    }),
  ]);
  const title = severalWords[language].apart(shown.length, reportWords[language].prompts(prompts));
  return [bold(title), ...blocks.map((lines) => lines.join('\n'))].join('\n\n');
}
