import type { JobProgress } from '../events.ts';
import type { When } from './kind.ts';

/** Parts of at most `size` items, with a progress event before the first and after each. */
export async function* inParts<Item, Result>(
  phase: string,
  items: readonly Item[],
  { size, signal }: { size: number; signal: AbortSignal | undefined },
  work: (part: readonly Item[]) => Promise<readonly Result[]>,
): AsyncGenerator<JobProgress, Result[] | undefined> {
  const total = items.length;
  const results: Result[] = [];
  yield { type: 'progress', phase, done: 0, total };
  for (let start = 0; start < total; start += size) {
    if (signal?.aborted) return undefined;
    results.push(...(await work(items.slice(start, start + size))));
    yield { type: 'progress', phase, done: Math.min(start + size, total), total };
  }
  return results;
}

/** The phase of a measurement, in words. */
export function phaseOf(what: string, when: When): string {
  return when === 'during' ? what : `${what} ${when}`;
}
