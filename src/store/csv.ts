/** Comma-separated values as RFC 4180 has them: CRLF, quotes where needed, quotes doubled. */
import type { ComparisonRow } from '../comparison.ts';

/** Header and one record a row; every record ends in CRLF. */
export function csv<Row extends object>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): string {
  const records = rows.map((row) => columns.map((column) => row[column]));
  return [columns, ...records].map(csvRecord).join('');
}

/** A record of its cells. */
export function csvRecord(cells: readonly unknown[]): string {
  return `${cells.map(field).join(',')}\r\n`;
}

/** A list has a blank line between its texts; of nothing there is nothing. */
function field(value: unknown): string {
  const text = [value ?? ''].flat().join('\n\n');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Columns of `comparison.csv`, in order. */
export const comparisonColumns = [
  ...(['query', 'response_before', 'response_after'] as const),
  ...(['reward_before', 'reward_after', 'reward_diff'] as const),
  ...(['toxicity_before', 'toxicity_after'] as const),
  ...(['rouge1_before', 'rouge1_after'] as const),
  ...(['id', 'group', 'references'] as const),
] satisfies readonly (keyof ComparisonRow)[];
