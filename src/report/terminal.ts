/** A comparison as text for a terminal: plain, or with ANSI colours when asked. Pure. */
import { styleText } from 'node:util';
import type { Comparison, ComparisonRow, Verdict } from '../comparison.ts';
import { type MeasureTexts, measureTexts } from './measures.ts';
import { counted, displayWidth, pad, signed, withoutSharedLines, wrap } from './text.ts';
import { levelText, verdictReason, verdictWords } from './verdict.ts';
import type { Language } from './words/language.ts';

export interface TerminalOptions {
  /** Columns to fill at most. @default 80 */
  readonly width?: number;
  /** @default false */
  readonly color?: boolean;
}

export interface RowOptions extends TerminalOptions {
  /** Rows from the top of the table and from its end. @default 3 */
  readonly best?: number;
  readonly worst?: number;
  /** Rows between the two that are not given. @default 0 */
  readonly between?: number;
  /** Lines a cell may take. @default 5 */
  readonly lines?: number;
}

type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** Gap between columns. */
const gap = '  ';

/** The rows that changed most for the better and for the worse, with their texts side by side. */
export function comparisonTable(
  rows: readonly ComparisonRow[],
  { width = 80, color = false, best = 3, worst = 3, between: more = 0, lines = 5 }: RowOptions = {},
): string {
  const paint = painter(color);
  const queries = withoutSharedLines(rows.map(({ query }) => query));
  const shown = rows.map((row, i) => ({ ...row, query: queries[i] }));
  const whole = best + worst >= rows.length + more;
  const top = whole ? shown : shown.slice(0, best);
  const bottom = whole || worst === 0 ? [] : shown.slice(-worst);
  const left = more + rows.length - top.length - bottom.length;
  const layout = width >= 72 ? sideBySide(width, lines, paint) : stacked(width, lines, paint);
  const between = left > 0 ? [paint('dim', `⋮ ${counted(left, 'row')} between`)] : [];
  const blocks = [...top.map(layout.row), ...between, ...bottom.map(layout.row)];
  return [...layout.head, blocks.join('\n\n')].join('\n');
}

interface Layout {
  readonly head: readonly string[];
  row(row: ComparisonRow): string;
}

/** Four columns: reward, query, response before, response after. */
function sideBySide(width: number, lines: number, paint: Paint): Layout {
  const rewardWidth = 16;
  const textWidth = Math.floor((width - rewardWidth - 3 * gap.length) / 3);
  const widths = [rewardWidth, textWidth, textWidth, textWidth];
  const line = (cells: readonly string[]) => cells.join(gap).trimEnd();
  const titles = ['reward', 'query', 'before', 'after'];
  return {
    head: [
      line(titles.map((title, i) => paint('bold', pad(title, widths[i])))),
      line(widths.map((columns) => paint('dim', '─'.repeat(columns)))),
    ],
    row(row) {
      const [query, before, after] = [row.query, row.response_before, row.response_after].map(
        (text) => wrap(text, textWidth, lines),
      );
      const reward = [signed(row.reward_diff, 3), rewardsText(row)];
      const height = Math.max(reward.length, query.length, before.length, after.length);
      const cell = (texts: readonly string[], i: number, columns: number) =>
        pad(texts[i] ?? '', columns);
      return Array.from({ length: height }, (_, i) =>
        line([
          paint(i === 0 ? rewardColor(row) : 'dim', cell(reward, i, rewardWidth)),
          paint('dim', cell(query, i, textWidth)),
          cell(before, i, textWidth),
          cell(after, i, textWidth),
        ]),
      ).join('\n');
    },
  };
}

/** For narrow screens: the three texts below each other. */
function stacked(width: number, lines: number, paint: Paint): Layout {
  const block = (title: string, text: string) => {
    const [first, ...others] = wrap(text, Math.max(8, width - 8), lines);
    const label = paint('dim', pad(title, 8));
    return [label + first, ...others.map((line) => ' '.repeat(8) + line)].map((line) =>
      line.trimEnd(),
    );
  };
  return {
    head: [],
    row: (row) =>
      [
        `${paint(rewardColor(row), signed(row.reward_diff, 3))}  ${paint('dim', rewardsText(row))}`,
        ...block('query', row.query),
        ...block('before', row.response_before),
        ...block('after', row.response_after),
      ].join('\n'),
  };
}

function rewardsText({ reward_before, reward_after }: ComparisonRow): string {
  return `${signed(reward_before, 2)} → ${signed(reward_after, 2)}`;
}

function rewardColor({ reward_diff }: ComparisonRow): 'green' | 'red' | 'dim' {
  if (reward_diff === 0) return 'dim';
  return reward_diff > 0 ? 'green' : 'red';
}

/** The best and the worst rows of all prompts, and how many there are; of a few, all that are kept. */
export function extremesTable(
  { rows, extremes, slices }: Comparison,
  options: TerminalOptions = {},
): string {
  const { n } = slices[0];
  const { best = [], worst = [] } = extremes ?? {};
  const shown = best.length + worst.length;
  if (shown === 0 || n <= shown) return comparisonTable(rows, options);
  const head =
    `Of ${counted(n, 'prompt')} the ${best.length} whose reward rose most, and the ${worst.length} ` +
    'where it rose least or fell most:';
  const table = comparisonTable([...best, ...worst], {
    ...options,
    best: best.length,
    worst: worst.length,
    between: n - shown,
  });
  return [...wrap(head, options.width ?? 80), '', table].join('\n');
}

/**
 * The measures that tell most, of all prompts and of each group: before, after, paired change, its
 * interval and p-value. The reports have all of all slices.
 */
export function metricsTable(
  comparison: Comparison,
  { width = 80, color = false }: TerminalOptions = {},
): string {
  const paint = painter(color);
  const shown = comparison.slices.filter(({ by }) => by === undefined || by === 'group');
  const slices = shown.map((slice) => ({ slice, measures: measureTexts(slice, { brief: true }) }));
  const head = ['', 'before', '', 'after', '', 'change', `${levelText(comparison)} interval`, 'p'];
  const all = [head, ...slices.flatMap(({ measures }) => measures.map((m) => cells(m)))];
  const full = head.map((_, i) => Math.max(...all.map((row) => displayWidth(row[i]))));
  // Where the screen is narrow, the standard deviations go, then p, then the intervals.
  const narrower = [[], [2, 4], [2, 4, 7], [2, 4, 6, 7]].map((hidden) =>
    full.flatMap((columns, i) => (hidden.includes(i) ? [] : [{ i, columns }])),
  );
  const tableWidth = (columns: (typeof narrower)[0]) =>
    columns.reduce((sum, { columns: c, i }) => sum + c + separator(i).length, 0);
  const columns = narrower.find((some) => tableWidth(some) <= width) ?? narrower[3];
  const line = (row: readonly string[], change: Parameters<Paint>[0], rest: Parameters<Paint>[0]) =>
    columns
      .map(({ i, columns: c }) => {
        const text = pad(row[i], c, leftAligned.includes(i) ? 'right' : 'left');
        return separator(i) + paint(i === 5 ? change : rest, text);
      })
      .join('')
      .trimEnd();
  const blocks = slices.map(({ slice, measures }) => {
    const title = `${paint('bold', slice.name)} ${paint('dim', `· ${counted(slice.n, 'prompt')}`)}`;
    return [title, ...measures.map((m) => line(cells(m), colors[m.outcome], 'reset'))].join('\n');
  });
  return [line(head, 'bold', 'bold'), blocks.join('\n\n')].join('\n');
}

const leftAligned = [0, 2, 4, 6];

/** A standard deviation follows its mean closely; columns are two blanks apart otherwise. */
function separator(column: number): string {
  return column === 2 || column === 4 ? ' ' : gap;
}

/** Columns that a measure's name may take: judges have any. */
const longestName = 16;

function cells(m: MeasureTexts): string[] {
  const { before, spreadBefore, after, spreadAfter, change, interval, p } = m;
  const [name] = wrap(m.name, longestName, 1);
  return [name, before, spreadBefore, after, spreadAfter, change, interval, p];
}

const colors = { better: 'green', worse: 'red', changed: 'yellow', open: 'reset' } as const;

const verdictColors = {
  improved: 'green',
  'improved at a cost': 'red',
  'no provable change': 'yellow',
  worse: 'red',
} as const satisfies Record<Verdict, string>;

/** The verdict in one sentence, with the numbers that it rests on. */
export function verdictLine(
  comparison: Comparison,
  { color = false, language = 'en' }: TerminalOptions & { readonly language?: Language } = {},
): string {
  const ink = comparison.costs ? 'red' : verdictColors[comparison.verdict];
  const words = painter(color)(['bold', ink], verdictWords(comparison, language));
  return `${words}: ${verdictReason(comparison, language)}`;
}

/** styleText without its look at the standard output of this process: `color` alone decides. */
function painter(color: boolean): Paint {
  const style = styleText as (
    format: Parameters<typeof styleText>[0],
    text: string,
    options: { validateStream: boolean },
  ) => string;
  return (format, text) =>
    color && format !== 'reset' ? style(format, text, { validateStream: false }) : text;
}
