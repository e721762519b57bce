import type { Engine } from './engine.ts';

/**
 * Results of tasks that do not need each other, in the order of their items: as many at once as an
 * engine has lanes, each begun when there is a lane for it and not before. Whoever stops reading, or
 * meets an error, waits for those under way; what comes of these is lost.
 */
export async function* inOrder<T, R>(
  engine: Pick<Engine, 'lanes'>,
  items: readonly T[],
  task: (item: T, place: number) => Promise<R>,
): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  let next = 0;
  try {
    for (let done = 0; done < items.length; done++) {
      while (next < items.length && next - done < Math.max(1, engine.lanes)) {
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
