/** What does several things at the same time: an engine, or who asks one. */
export interface Laned {
  /** How many, 1 or more; it may change. @default 1 */
  readonly lanes?: number;
}

/**
 * Results of tasks that do not need each other, in the order of their items: as many at once as
 * there are lanes, each begun when there is a lane for it and not before. Whoever stops reading, or
 * meets an error, waits for those under way; what comes of these is lost.
 */
export async function* inOrder<T, R>(
  worker: Laned,
  items: readonly T[],
  task: (item: T, place: number) => Promise<R>,
): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  let next = 0;
  try {
    for (let done = 0; done < items.length; done++) {
      while (next < items.length && next - done < Math.max(1, worker.lanes ?? 1)) {
        const result = task(items[next], next++);
        result.catch(() => undefined); // it is thrown when its turn comes, if it does
        begun.push(result);
      }
      yield await begun.shift()!;
    }
  } finally {
    await Promise.allSettled(begun);
  }
}

/** All of what `inOrder` gives. */
export async function allInOrder<T, R>(...tasks: Parameters<typeof inOrder<T, R>>): Promise<R[]> {
  const results: R[] = [];
  for await (const result of inOrder(...tasks)) results.push(result);
  return results;
}

/** Results of the items of groups, in the items' own order; groups hold their indices. */
export async function gathered<R>(
  groups: readonly (readonly number[])[],
  parts: AsyncIterable<readonly R[]>,
): Promise<R[]> {
  const results: R[] = new Array(groups.reduce((sum, group) => sum + group.length, 0));
  let group = 0;
  for await (const part of parts) {
    for (const [place, index] of groups[group++].entries()) results[index] = part[place];
  }
  return results;
}
