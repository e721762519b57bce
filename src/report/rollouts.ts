/** Responses of a step for a terminal. Pure. */
import type { RolloutRow } from '../rollouts.ts';
import { counted, fixed, oneLine, withoutSharedLines, wrap } from './text.ts';

/** By what responses can be sorted; `row` is their place in the batch. */
export const rolloutOrders = [
  'row',
  'score',
  'kl',
  'advantage',
  'value',
  'entropy',
  'length',
  'logprob',
] as const;
export type RolloutOrder = (typeof rolloutOrders)[number];

/** A response and the text that it answers. */
export type PromptedRow = RolloutRow & { readonly prompt: string };

/** Sorted; those without the number come last, equal ones by their place in the batch. */
export function sortedRollouts<Row extends RolloutRow>(
  rows: readonly Row[],
  { order, descending }: { readonly order: RolloutOrder; readonly descending: boolean },
): Row[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [a[order], b[order]];
    if (left === undefined || right === undefined)
      return Number(left === undefined) - Number(right === undefined) || a.row - b.row;
    return sign * (left - right) || a.row - b.row;
  });
}

/** Those in whose prompt or response a text stands, large or small. */
export function foundRollouts(rows: readonly PromptedRow[], text: string): PromptedRow[] {
  const wanted = text.toLowerCase();
  return rows.filter(({ prompt, response }) =>
    [prompt, response].some((one) => one.toLowerCase().includes(wanted)),
  );
}

const promptLines = 2;
const indent = 4;

/** A block a response: its numbers, the first lines of its prompt, all of itself. */
export function rolloutsText(rows: readonly PromptedRow[], width: number): string {
  const prompts = withoutSharedLines(rows.map(({ prompt }) => prompt));
  const room = Math.max(20, width - indent);
  const margin = ' '.repeat(indent);
  const blocks = rows.map((row, i) => {
    const shown = [
      ...wrap(`> ${oneLine(prompts[i])}`, room, promptLines),
      ...wrap(row.response === '' ? '(nothing)' : row.response, room),
    ];
    const [first, ...more] = wrap(numbersText(row), room);
    const head = `${String(row.row).padEnd(indent)}${first}`;
    return [head, ...[...more, ...shown].map((line) => margin + line)].join('\n');
  });
  return blocks.join('\n\n');
}

function numbersText({ score, parts = {}, kl, advantage, value, entropy, ...row }: RolloutRow) {
  const ofParts = Object.entries(parts).map(([name, number]) => `${name} ${fixed(number, 3)}`);
  return [
    row.id,
    `score ${fixed(score, 3)}`,
    ...ofParts,
    `kl ${fixed(kl, 3)}`,
    `advantage ${fixed(advantage, 3)}`,
    ...(value === undefined ? [] : [`value ${fixed(value, 3)}`]),
    ...(entropy === undefined ? [] : [`entropy ${fixed(entropy, 3)}`]),
    counted(row.length, 'token') + (row.truncated ? ', cut off' : ''),
  ].join(' · ');
}
