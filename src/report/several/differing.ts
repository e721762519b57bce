/** What is not the same in all of several records. Pure. */
import { type KnownSettings, settingRows } from '../../differing.ts';
import type { Differing } from './several.ts';

/**
 * By name, in the order in which the names first come.
 * @param known where the records are settings of jobs: what one does not have makes no difference
 */
export function differing(
  records: readonly Readonly<Record<string, unknown>>[],
  known?: KnownSettings,
): Differing[] {
  return settingRows(records, known).flatMap(({ name, values, differs }) =>
    differs ? [{ name, values }] : [],
  );
}
