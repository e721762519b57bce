/** I/O: which responses lie before and after one. */
import type { RolloutDetails, RolloutPlace } from '../../api.ts';
import type { RolloutRow } from '../../rollouts.ts';
import { keptSteps, readRolloutHeads } from '../rollouts.ts';

/**
 * Those of the step; at its ends those of the steps that are kept before and after.
 * @param rows all of the step
 */
export async function neighboursOf(
  folder: string,
  rows: readonly RolloutRow[],
  at: number,
): Promise<Pick<RolloutDetails, 'previous' | 'next'>> {
  const previous = rows[at - 1] ?? (await nearest(folder, rows[at].step, -1));
  const next = rows[at + 1] ?? (await nearest(folder, rows[at].step, 1));
  return { ...(previous && { previous: place(previous) }), ...(next && { next: place(next) }) };
}

/** The last response of the steps before, or the first of those after. */
async function nearest(folder: string, step: number, by: 1 | -1): Promise<RolloutRow | undefined> {
  const kept = await keptSteps(folder);
  const steps =
    by > 0 ? kept.filter((one) => one > step) : kept.filter((one) => one < step).reverse();
  for (const one of steps) {
    // a step may be damaged, or just be taken back
    const rows = await readRolloutHeads(folder, one).catch(() => []);
    const row = rows.at(by > 0 ? 0 : -1);
    if (row) return row;
  }
  return undefined;
}

function place({ step, row }: RolloutRow): RolloutPlace {
  return { step, row };
}
