import { displayWidth, pad } from '../text.ts';

/** Lines of columns as wide as their longest cells, two blanks apart; the first column is left-aligned. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((row) => displayWidth(row[i]))),
  );
  return rows.map((row) =>
    row
      .map((cell, i) => pad(cell, widths[i], i === 0 ? 'right' : 'left'))
      .join('  ')
      .trimEnd(),
  );
}
