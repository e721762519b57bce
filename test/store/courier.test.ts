/** Stores that fail, hang, refuse or lag behind, and a courier that loses nothing of a run's log. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError, UnavailableError } from '../../src/errors.ts';
import type { JobEvent } from '../../src/events.ts';
import { startCourier, type Trouble } from '../../src/store/courier.ts';
import { delivery } from '../../src/store/delivery.ts';
import { openLog, readEvents } from '../../src/store/event-log.ts';
import { runLog } from '../../src/store/run-log.ts';
import type { RunStore } from '../../src/store/store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-courier-'));
});
afterEach(() => rm(folder, { recursive: true }));

const started: JobEvent = {
  type: 'started',
  runId: 'run',
  time: '2026-11-29T05:00:00.000Z',
  version: '1',
  config: { seed: 7 },
  engine: 'none',
  data: { rows: 1, kept: 1, train: 1, test: 1 },
};
const step = (n: number, loss = n / 3): JobEvent => ({
  ...{ type: 'step', step: n, steps: 9 },
  metrics: { loss },
});
const checkpoint = (n: number): JobEvent => ({ type: 'checkpoint', step: n, path: `step-${n}` });
const resumed = (n: number): JobEvent => ({
  ...{ type: 'resumed', step: n, steps: 9, time: '', version: '1', engine: '', notes: [] },
});

interface Memory {
  readonly store: RunStore;
  /** What it holds. */
  readonly events: () => readonly JobEvent[];
  readonly rewinds: number[];
  /** Called before each event is taken. */
  before: (event: JobEvent) => void | Promise<void>;
}

/** A store in memory that takes an event at a time, and refuses to lose its place. */
function memory(name = 'memory'): Memory {
  let held: readonly JobEvent[] = [];
  const rewinds: number[] = [];
  const own: Memory = {
    rewinds,
    before: () => {},
    events: () => held,
    store: {
      ...{ name, says: `a ${name}` },
      check: async () => {},
      async *deliver({ events }, from) {
        for (let i = from.events; i < events.length; i++) {
          await own.before(events[i]);
          held = [...held.slice(0, i), events[i]];
          yield { events: i + 1, memo: { last: events[i].type } };
        }
      },
      async rewind(_run, from, common) {
        expect(common).toBeLessThanOrEqual(from.events);
        rewinds.push(common);
        held = held.slice(0, common);
        return { events: common };
      },
      close: async () => {},
    },
  };
  return own;
}

/** Logs events and tells them to a courier, as a run does. */
async function trained(events: readonly JobEvent[], stores: readonly Memory[], more: object = {}) {
  const troubles: Trouble[] = [];
  const path = join(folder, 'events.jsonl');
  const log = await openLog(path);
  const courier = startCourier({
    ...{ folder, stores: stores.map(({ store }) => store) },
    events: await readEvents(path),
    onTrouble: (trouble) => void troubles.push(trouble),
    ...{ every: 0, random: () => 0 },
    ...more,
  });
  for (const event of events) {
    await log.append(event);
    courier.tell(event);
    await new Promise(setImmediate);
  }
  await log.close();
  return { courier, troubles, finish: () => courier.finish({ limit: 60_000 }) };
}

const logged = () => readEvents<JobEvent>(join(folder, 'events.jsonl'));
const run = [started, step(1), step(2), checkpoint(2), step(3)];

test('each of several stores gets every event once, in order', async () => {
  const stores = [memory('one'), memory('two'), memory('three')];
  const { finish, troubles } = await trained(run, stores);
  const delivered = await finish();
  expect(delivered.map(({ events, of, error }) => [events, of, error])).toEqual(
    stores.map(() => [5, 5, undefined]),
  );
  for (const one of stores) expect(one.events()).toEqual(run);
  expect(troubles).toEqual([]);
});

test('a store that cannot be reached is told once, stops nobody, and gets the rest at last', async () => {
  const [bad, good] = [memory('bad'), memory('good')];
  const failing = new UnavailableError('bad', 'an answer', 'none');
  let isDown = true;
  bad.before = () => {
    if (isDown) throw failing;
  };
  const { finish, troubles } = await trained(run, [bad, good]);
  isDown = false;
  const delivered = await finish();
  expect(delivered.map(({ events, of }) => [events, of])).toEqual([
    [5, 5],
    [5, 5],
  ]);
  for (const one of [bad, good]) expect(one.events()).toEqual(run);
  expect(troubles.map(({ error, isFinal }) => [error, isFinal])).toEqual([[failing, false]]);
});

test('what is left at the end is told, and sent later from where it stopped', async () => {
  const one = memory();
  one.before = ({ type }) => {
    if (type === 'checkpoint') throw new UnavailableError('memory', 'an answer', 'none');
  };
  const { finish } = await trained(run, [one]);
  expect(await finish()).toMatchObject([{ events: 3, of: 5, error: { code: 'UNAVAILABLE' } }]);
  const sent: JobEvent[] = [];
  one.before = (event) => void sent.push(event);
  const later = delivery(folder, one.store);
  await later.update(runLog(await logged()));
  await later.close();
  expect(sent).toEqual(run.slice(3));
  expect(one.events()).toEqual(run);
});

test('a store that refuses the run is told so once, and asked no more', async () => {
  const one = memory();
  let asked = 0;
  one.before = () => {
    asked++;
    throw new ConfigError('memory', 'another run', 'this one');
  };
  const { finish, troubles } = await trained(run, [one]);
  expect(await finish()).toMatchObject([{ events: 0, of: 5, error: { code: 'BAD_CONFIG' } }]);
  expect(troubles).toMatchObject([{ isFinal: true }]);
  expect(asked).toBe(1);
});

test('a store that never answers costs no more than the limit, or until Ctrl-C', async () => {
  const one = memory();
  one.before = () => new Promise(() => {});
  const { courier } = await trained(run, [one]);
  const interrupt = new AbortController();
  const end = courier.finish({ limit: 3_600_000, signal: interrupt.signal });
  interrupt.abort();
  expect(await end).toMatchObject([{ events: 0, of: 5 }]);
  const other = await trained([step(4)], [one]);
  expect(await other.courier.finish({ limit: 0 })).toMatchObject([{ events: 0, of: 6 }]);
});

test('a run that goes on after its checkpoint takes back what came later', async () => {
  const one = memory();
  await (await trained(run, [one])).finish();
  const again = [resumed(2), step(3, 0.5), step(4)];
  await (await trained(again, [one])).finish();
  expect(one.rewinds).toEqual([4]);
  expect(one.events()).toEqual([...run.slice(0, 4), ...again]);
  expect(one.events()).toEqual(await logged());
});

test('a run that begins anew leaves nothing of the first one', async () => {
  const one = memory();
  await (await trained(run, [one])).finish();
  const anew = [{ ...started, time: '2026-11-29T06:00:00.000Z' }, step(1, 9)] as JobEvent[];
  await (await trained(anew, [one])).finish();
  expect(one.rewinds).toEqual([0]);
  expect(one.events()).toEqual(anew);
});

test('going on where a process was killed between the store and its cursor sends it in place', async () => {
  const one = memory();
  await (await trained(run.slice(0, 3), [one])).finish();
  const cursor = join(folder, 'stores', 'memory.json');
  const behind = await readFile(cursor, 'utf8');
  await (await trained(run.slice(3), [one])).finish();
  await writeFile(cursor, behind); // as if what came after had not been written
  const later = delivery(folder, one.store);
  await later.update(runLog(await logged()));
  await later.close();
  expect(one.events()).toEqual(run);
  await appendFile(cursor, 'torn');
  const last = delivery(folder, one.store);
  await last.update(runLog(await logged()));
  await last.close();
  expect(one.events()).toEqual(run);
});

test('two places of one store have positions of their own', async () => {
  const [here, there] = [memory(), memory()];
  await (await trained(run, [here])).finish();
  const other = delivery(folder, { ...there.store, says: 'elsewhere' });
  await other.update(runLog(await logged()));
  await other.close();
  expect(there.events()).toEqual(run);
  const again = delivery(folder, here.store);
  here.before = () => expect.unreachable('it has all');
  await again.update(runLog(await logged()));
  await again.close();
});

test('while one process delivers to a store, another one is refused', async () => {
  const one = memory();
  await (await trained(run, [one])).finish();
  await writeFile(join(folder, 'stores', 'memory.lock'), '1\n');
  const other = delivery(folder, one.store);
  await expect(other.update(runLog(await logged()))).rejects.toThrow(
    `what a memory has of ${folder}: expected nobody at work in it, got process 1`,
  );
});

test('nothing is told of a run whose folder is gone, but the stores have heard it', async () => {
  const one = memory();
  const { courier } = await trained(run, [one]);
  await rm(folder, { recursive: true, maxRetries: 5 });
  expect(await courier.finish({ limit: 60_000 })).toMatchObject([{ events: 5, of: 5 }]);
  folder = await mkdtemp(join(tmpdir(), 'tactful-courier-'));
});
