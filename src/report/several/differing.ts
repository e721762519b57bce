/** What is not the same in all of several records. Pure. */
import type { Differing } from './several.ts';

/** By name, in the order in which the names first come. */
export function differing(records: readonly Readonly<Record<string, unknown>>[]): Differing[] {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return names.flatMap((name) => {
    const values = records.map(({ [name]: value }) => value);
    const texts = new Set(values.map((value) => JSON.stringify(value)));
    return texts.size > 1 ? [{ name, values }] : [];
  });
}
