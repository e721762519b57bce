/** Which runs and workers there are, as they tell it on Redis. */
import type { z } from 'zod';
import { keysOf, type Registry, RunCard, WorkerCard } from './protocol.ts';
import type { Connection } from './redis.ts';

export interface RegistryOptions {
  readonly prefix: string;
  /** Seconds after which who is silent counts as gone. @default 30 */
  readonly seconds?: number;
}

/** How long a run is known for after its driver has fallen silent, in seconds. */
const remembered = 24 * 3600;

/** The registry at a prefix. */
export function openRegistry(
  connection: Connection,
  { prefix, seconds = 30 }: RegistryOptions,
): Registry {
  const keys = keysOf(prefix);
  /** Those whose epoch was made here, as far as is known. */
  const begun = new Set<string>();
  return {
    async tellRun(card) {
      const begins = !begun.has(card.id);
      const epoch = keys.epoch(card.id);
      const orders = connection
        .multi()
        .set(keys.run(card.id), JSON.stringify(card), 'EX', seconds)
        .zadd(keys.runs, Date.parse(card.started), card.id);
      // told again it is not made again: whether the server has lost it would not be seen
      await settled(
        begins ? orders.set(epoch, card.id, 'EX', remembered) : orders.expire(epoch, remembered),
      );
      begun.add(card.id);
    },
    async knows(run) {
      const there = await connection.exists(keys.epoch(run));
      if (there === 0) begun.delete(run);
      return there === 1;
    },
    runs: () => cardsOf(connection, { names: keys.runs, key: keys.run, schema: RunCard }),
    async forgetRun(run) {
      await settled(connection.multi().del(keys.run(run)).zrem(keys.runs, run));
      begun.delete(run);
      await removeWithin(connection, keys.within(run));
    },
    async tellWorker(card) {
      await settled(
        connection
          .multi()
          .set(keys.worker(card.id), JSON.stringify(card), 'EX', seconds)
          .zadd(keys.workers, Date.parse(card.started), card.id),
      );
    },
    workers: (awake = false) =>
      cardsOf(connection, {
        ...{ names: keys.workers, key: keys.worker, schema: WorkerCard },
        ...(awake && { least: (2000 * seconds) / 3 }),
      }),
    async forgetWorker(worker) {
      await settled(connection.multi().del(keys.worker(worker)).zrem(keys.workers, worker));
    },
  };
}

/** Orders that are done together. @throws the server's error of any of them */
async function settled(orders: ReturnType<Connection['multi']>): Promise<void> {
  const answers = (await orders.exec()) ?? [];
  for (const [error] of answers) if (error) throw error;
}

interface Cards<T> {
  readonly names: string;
  readonly key: (id: string) => string;
  readonly schema: z.ZodType<T>;
  /** Milliseconds for which a card has to be good. @default any */
  readonly least?: number;
}

/** Cards in the order of their ids' scores; who has fallen silent is taken off the list. */
async function cardsOf<T>(
  connection: Connection,
  { names, key, schema, least = 0 }: Cards<T>,
): Promise<T[]> {
  const ids = await connection.zrange(names, 0, '-1');
  if (ids.length === 0) return [];
  const texts = await connection.mget(...ids.map(key));
  const left = await Promise.all(ids.map((id) => (least > 0 ? connection.pttl(key(id)) : least)));
  const silent = ids.filter((_, i) => texts[i] === null);
  // who only slept tells of itself again, and is on the list again
  if (silent.length > 0) await connection.zrem(names, ...silent);
  return texts.flatMap((text, i) => {
    const card = text === null || left[i] < least ? undefined : schema.safeParse(json(text)).data;
    return card === undefined ? [] : [card]; // another version's, or another program's
  });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Removes all keys that begin so, a thousand at a time: the server has others to serve. */
async function removeWithin(connection: Connection, start: string): Promise<void> {
  const pattern = `${start.replace(/[\\*?[\]]/g, '\\$&')}*`;
  let cursor = '0';
  do {
    const [next, found] = await connection.scan(cursor, 'MATCH', pattern, 'COUNT', '1000');
    if (found.length > 0) await connection.unlink(...found);
    cursor = next;
  } while (cursor !== '0');
}
