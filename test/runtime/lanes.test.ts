import { describe, expect, test } from 'vitest';
import { inOrder } from '../../src/runtime/lanes.ts';

/** Tasks that end when they are told to. */
function tasks() {
  const begun: number[] = [];
  const ends = new Map<number, { resolve(value: number): void; reject(error: Error): void }>();
  return {
    begun,
    ends,
    task: (item: number) =>
      new Promise<number>((resolve, reject) => {
        begun.push(item);
        ends.set(item, { resolve, reject });
      }),
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('independent tasks', () => {
  test('on one lane each begins when the one before has been used', async () => {
    const said: string[] = [];
    const results = inOrder({ lanes: 1 }, [1, 2, 3], async (item, place) => {
      said.push(`begin ${item} at ${place}`);
      return item;
    });
    for await (const result of results) said.push(`use ${result}`);
    expect(said).toEqual([1, 2, 3].flatMap((i) => [`begin ${i} at ${i - 1}`, `use ${i}`]));
  });

  test('on three lanes give their results in order, whichever ends first', async () => {
    const { begun, ends, task } = tasks();
    const results = inOrder({ lanes: 3 }, [10, 11, 12, 13], task);
    const first = results.next();
    await settled();
    expect(begun).toEqual([10, 11, 12]);
    ends.get(12)!.resolve(12);
    ends.get(11)!.resolve(11);
    await settled();
    ends.get(10)!.resolve(10);
    expect((await first).value).toBe(10);
    const second = results.next();
    await settled();
    expect(begun).toEqual([10, 11, 12, 13]); // its lane became free
    ends.get(13)!.resolve(13);
    expect((await second).value).toBe(11);
    expect([(await results.next()).value, (await results.next()).value]).toEqual([12, 13]);
    expect((await results.next()).done).toBe(true);
  });

  test('use lanes that come while they work', async () => {
    const engine = { lanes: 1 };
    const { begun, ends, task } = tasks();
    const results = inOrder(engine, [1, 2, 3, 4], task);
    const first = results.next();
    engine.lanes = 3;
    ends.get(1)!.resolve(1);
    await first;
    void results.next();
    await settled();
    expect(begun).toEqual([1, 2, 3, 4]);
    for (const item of [2, 3, 4]) ends.get(item)!.resolve(item);
  });

  test('that fail throw the error of the first of them, once the others are done', async () => {
    const { ends, task } = tasks();
    const results = inOrder({ lanes: 3 }, [1, 2, 3, 4], task);
    let thrown: unknown;
    const first = results.next().catch((error) => {
      thrown = error;
    });
    await settled();
    ends.get(2)!.reject(new Error('second')); // never an unhandled rejection
    ends.get(1)!.reject(new Error('first'));
    await settled();
    expect(thrown).toBeUndefined();
    ends.get(3)!.resolve(3);
    await first;
    expect(thrown).toMatchObject({ message: 'first' });
    expect((await results.next()).done).toBe(true);
  });

  test('that nobody reads on are waited for', async () => {
    const { begun, ends, task } = tasks();
    const results = inOrder({ lanes: 2 }, [1, 2, 3], task);
    const first = results.next();
    ends.get(1)!.resolve(1);
    await first;
    let closed = false;
    const closing = results.return(undefined).then(() => {
      closed = true;
    });
    await settled();
    expect(closed).toBe(false);
    ends.get(2)!.reject(new Error('nobody hears of it'));
    await closing;
    expect(begun).toEqual([1, 2]);
  });
});
