/** What every store of runs holds to, whatever happens on the way: the same as if nothing had happened. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import type { JobEvent } from '../../src/events.ts';
import type { Position, RunStore } from '../../src/store/store.ts';
import { exampleComparison } from '../report/comparison.ts';
import { evaluated, madeRun, started, stepEvent } from './made-run.ts';

/** A place where runs go. */
export interface Subject {
  /** As a process that has just begun opens it. */
  open(): RunStore;
  /** What others read there, by the names of the runs; without what is another each time. */
  read(folders: readonly string[]): Promise<Readonly<Record<string, unknown>>>;
  /** So many requests that concern a run's folder are answered, then none is until `mend`. */
  cut(requests: number, folder: string): Promise<void>;
  mend(folder: string): Promise<void>;
  close(): Promise<void>;
}

type Log = readonly JobEvent[];

const checkpoint = (step: number): JobEvent => ({
  ...{ type: 'checkpoint', step },
  path: `checkpoints/step-${step}`,
});
const again = { time: '2026-11-29T06:00:00.000Z', version: '1', engine: 'none' };
const resumed = (step: number): JobEvent => ({
  ...{ type: 'resumed', step, steps: 4, notes: [] },
  ...again,
});
const ended: Log = [
  evaluated('after', 0.25),
  { type: 'compared', comparison: exampleComparison() },
  { type: 'finished', steps: 4, seconds: 9 },
];
const half: Log = [
  ...[started, evaluated('before', 0.5)],
  ...[stepEvent(1), stepEvent(2), checkpoint(2)],
];
const whole: Log = [...half, stepEvent(3), stepEvent(4), checkpoint(4), ...ended];
/** Another try of the same run, which went back to step 2. */
const gone: Log = [...half, resumed(2), stepEvent(3, 1), stepEvent(4, 1), ...ended];

function begun(runId: string, time: string): Log {
  return whole.map((event) => (event.type === 'started' ? { ...event, runId, time } : event));
}

const rows = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    ...{ query: `q "${i}"\n`, response_before: '', response_after: `a ${i}`, id: `d${i}` },
    ...{ reward_before: i / 3, reward_after: 2 ** 60 + i, reward_diff: -i, references: ['r'] },
    ...{ toxicity_before: 1 / (i + 3), toxicity_after: 0 },
  }));

/** Tests of a kind of store. */
export function storeContract(name: string, make: () => Promise<Subject>): void {
  describe(`${name}, as every store`, () => {
    let home: string;
    let subject: Subject;
    const subjects: Subject[] = [];
    const place = async () => {
      subjects.push(await make());
      return subjects[subjects.length - 1];
    };
    beforeEach(async () => {
      home = await mkdtemp(join(tmpdir(), 'tactful-contract-'));
      subject = await place();
    });
    afterEach(async () => {
      for (const one of subjects.splice(0)) await one.close();
      await rm(home, { recursive: true });
    });

    /** The folder of a run, with what ends up in it. */
    const folderOf = async (runId: string, top = home) => {
      const folder = join(top, runId);
      await mkdir(folder, { recursive: true });
      const lines = rows(60).map((row) => `${JSON.stringify(row)}\n`);
      await writeFile(join(folder, 'comparison.jsonl'), lines.join(''));
      return folder;
    };
    const opened = async <T>(work: (store: RunStore) => Promise<T>, at = subject) => {
      const store = at.open();
      return work(store).finally(() => store.close());
    };
    /** Delivers with a store of its own; `told` has each position as a file would keep it. */
    const send = (
      folder: string,
      log: Log,
      from: Position,
      told: (at: Position) => void = () => {},
    ) =>
      opened(async (store) => {
        let position = from;
        for await (const next of store.deliver(madeRun(folder, log), from)) {
          position = JSON.parse(JSON.stringify(next));
          told(position);
        }
        return position;
      });
    const back = (folder: string, log: Log, from: Position, common: number) =>
      opened(async (store) => store.rewind(madeRun(folder, log), from, common));
    const nowhere: Position = { events: 0 };
    /** What is there of a log that was sent at once to a place of its own. */
    const undisturbed = async (...logs: Log[]) => {
      const other = await place();
      const top = join(home, 'undisturbed');
      const folders: string[] = [];
      for (const log of logs) {
        const [first] = log as readonly [typeof started];
        const folder = await folderOf(first.runId, top);
        folders.push(folder);
        const deliver = async (store: RunStore) => {
          for await (const _ of store.deliver(madeRun(folder, log), nowhere));
        };
        await opened(deliver, other);
      }
      return other.read(folders);
    };

    test('positions go up to the end of the log', async () => {
      const folder = await folderOf('mine');
      const told: number[] = [];
      await send(folder, whole, nowhere, ({ events }) => void told.push(events));
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      expect(told.at(-1)).toBe(whole.length);
    });

    test('event by event it comes to what it comes to at once', async () => {
      const folder = await folderOf('mine');
      let position = nowhere;
      for (let n = 1; n <= whole.length; n++) {
        position = await send(folder, whole.slice(0, n), position);
        expect(position.events).toBe(n);
      }
      const expected = await undisturbed(whole);
      expect(Object.keys(expected)).toEqual(['mine']);
      expect(await subject.read([folder])).toEqual(expected);
    });

    test('killed after each batch, whether that was remembered or not, it is completed', async () => {
      const folder = await folderOf('mine');
      let position = nowhere;
      for (let kills = 0; position.events < whole.length; kills++) {
        const before: Position = position;
        await opened(async (store) => {
          for await (const next of store.deliver(madeRun(folder, whole), before)) {
            if (kills % 2 === 1 || kills === 0) position = JSON.parse(JSON.stringify(next));
            break; // of what comes after nobody hears
          }
        });
        expect(kills).toBeLessThan(4 * whole.length);
      }
      expect(await subject.read([folder])).toEqual(await undisturbed(whole));
    });

    test.each([true, false])(
      'cut off after every number of requests, it is completed (positions kept: %s)',
      async (isKept) => {
        const folder = await folderOf('mine');
        let position = nowhere;
        let cuts = 0;
        for (let requests = 0; ; requests++) {
          await subject.cut(requests, folder);
          const keep = (at: Position) => {
            if (isKept) position = at;
          };
          const error = await send(folder, whole, position, keep).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          if (error === undefined) break;
          expect(error).toBeInstanceOf(UnavailableError);
          cuts++;
        }
        await subject.mend(folder);
        expect(cuts).toBeGreaterThan(0);
        expect(await subject.read([folder])).toEqual(await undisturbed(whole));
      },
    );

    test('sent twice it is there once', async () => {
      const folder = await folderOf('mine');
      const position = await send(folder, whole, nowhere);
      await send(folder, whole, position);
      await send(folder, whole, nowhere); // its position was lost
      expect(await subject.read([folder])).toEqual(await undisturbed(whole));
    });

    test('what a run went back behind is there no more', async () => {
      const folder = await folderOf('mine');
      const position = await send(folder, whole, nowhere);
      const on = await back(folder, gone, position, half.length);
      expect(on.events).toBeLessThanOrEqual(half.length);
      // the run was killed once more before anything was sent
      const once = await back(folder, gone, on, on.events);
      await send(folder, gone, once);
      expect(await subject.read([folder])).toEqual(await undisturbed(gone));
    });

    test('of a run that began anew only that is there', async () => {
      const folder = await folderOf('mine');
      const position = await send(folder, whole.slice(0, 5), nowhere);
      const anew = begun('mine', again.time);
      const on = await back(folder, anew, position, 0);
      expect(on.events).toBe(0);
      await send(folder, anew, on);
      expect(await subject.read([folder])).toEqual(await undisturbed(anew));
    });

    test('runs do not touch each other', async () => {
      const logs = [whole, begun('other', again.time)];
      const folders = [await folderOf('mine'), await folderOf('other')];
      const first = await send(folders[0], logs[0], nowhere);
      await send(folders[1], logs[1], nowhere);
      await back(folders[0], gone, first, half.length);
      const { other } = await undisturbed(...logs);
      expect((await subject.read(folders)).other).toEqual(other);
      await send(folders[0], gone, await back(folders[0], gone, first, half.length));
      expect(await subject.read(folders)).toEqual(await undisturbed(gone, logs[1]));
    });

    test('a run may be looked at before it begins, and where it goes on', async () => {
      const folder = await folderOf('mine');
      await opened((store) => store.check(madeRun(folder, [])));
      const position = await send(folder, half, nowhere);
      await opened((store) => store.check(madeRun(folder, half)));
      await send(folder, whole, position);
      await opened((store) => store.check(madeRun(folder, whole)));
      expect(await subject.read([folder])).toEqual(await undisturbed(whole));
    });
  });
}
