/**
 * I/O: TensorBoard as a store of runs: an event file in the run's folder, so that `tensorboard --logdir`
 * of the folder of runs shows them all. The same log makes the same bytes.
 */
import { mkdir, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from '../disk/atomic.ts';
import { tensorboardName } from '../disk/result-folder.ts';
import { wordsOf } from '../disk/words.ts';
import { UnavailableError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import { type Clock, clockAfter, clockAtStart } from './curves.ts';
import type { Position, RunRecord, RunStore } from './store.ts';
import { recordsOf } from './tensorboard-records.ts';
import { restartRecord, versionRecord } from './tfevents.ts';

/** Written at once; then what is written is told. */
const batchBytes = 1024 ** 2;

/** Where a run's file stands. */
interface Place extends Clock {
  /** Of the log, which the file has. */
  readonly events: number;
  /** Of these, up to the last one that the file shows. */
  readonly shown: number;
  readonly file: string;
  readonly bytes: number;
}

export function tensorboardStore(): RunStore {
  return {
    name: 'tensorboard',
    says: `TensorBoard's files in ${tensorboardName}/`,
    async check() {},
    async *deliver(run: RunRecord, from: Position) {
      const folder = join(run.folder, tensorboardName);
      const begun = startOf(run);
      if (begun === undefined) return;
      if (isDropped(run.events)) {
        yield { ...from, events: run.events.length };
        return;
      }
      const begin = () => newPlace(folder, begun);
      let place = await reached(folder, async () => (await placeOf(folder, from)) ?? begin());
      while (place.events < run.events.length) {
        const { after, records } = await batch(run, begun, place);
        if (records.length > 0) await reached(folder, () => write(folder, place, records));
        place = after;
        const { events, ...memo } = place;
        yield { events, memo };
      }
    },
    /** A file that shows what is no longer true gives way to one that readers take in its stead. */
    async rewind({ events }: RunRecord, { memo }: Position, common: number) {
      if (memo === undefined || common < Number(memo.shown)) return { events: 0 };
      const { step, seconds } = events.slice(0, common).reduce(after, clockAtStart);
      return { events: common, memo: { ...memo, step, seconds } };
    },
    async close() {},
  };
}

/** A run that came to nothing: its folder is gone, or will be. */
function isDropped(events: readonly JobEvent[]): boolean {
  const last = events.at(-1);
  return last?.type === 'stopped' && last.saved === false;
}

function after(clock: Clock, event: JobEvent): Clock {
  return clockAfter(event, clock);
}

/** When the run began, in seconds since 1970; undefined of a log without a beginning. */
function startOf({ events }: RunRecord): number | undefined {
  const started = events.find((event) => event.type === 'started');
  return started && Date.parse(started.time) / 1000;
}

/** The file that was told of, unless it is gone or lacks what it had. */
async function placeOf(folder: string, { events, memo }: Position): Promise<Place | undefined> {
  if (memo === undefined) return undefined;
  const [file, bytes] = [String(memo.file), Number(memo.bytes)];
  const found = await stat(join(folder, file)).catch(unlessMissing(undefined));
  if (found === undefined || found.size < bytes) return undefined;
  const [shown, step, seconds] = [memo.shown, memo.step, memo.seconds].map(Number);
  return { events, shown, step, seconds, file, bytes };
}

/** A file behind all that are there: readers go on to it, in the order of the names. */
async function newPlace(folder: string, begun: number): Promise<Place> {
  const numbers = (await filesIn(folder)).map((name) => Number(name.split('.').at(-1)));
  const number = Math.max(-1, ...numbers) + 1;
  const time = String(Math.floor(begun)).padStart(10, '0');
  const file = `events.out.tfevents.${time}.tactful.${String(number).padStart(6, '0')}`;
  return { ...clockAtStart, events: 0, shown: 0, file, bytes: 0 };
}

/** Ours alone. */
async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(unlessMissing<string[]>([]));
  return names.filter((name) => /^events\.out\.tfevents\.\d+\.tactful\.\d+$/.test(name));
}

/** Records of the events that come next, and where they leave the file. */
async function batch(
  run: RunRecord,
  begun: number,
  place: Place,
): Promise<{ after: Place; records: Uint8Array }> {
  const restart = restartRecord({ time: begun, step: 0 });
  const parts: Uint8Array[] = place.bytes === 0 ? [versionRecord(begun), restart] : [];
  let { events, shown, step, seconds } = place;
  let size = 0;
  // once a batch: the file grows, but has what these events need
  let texts: ReturnType<RunRecord['queries']> | undefined;
  const known: RunRecord = {
    ...run,
    queries: () => {
      texts ??= run.queries();
      return texts;
    },
  };
  for (; events < run.events.length && size < batchBytes; events++) {
    const event = run.events[events];
    const records = await recordsOf(event, known, begun, { step, seconds });
    ({ step, seconds } = clockAfter(event, { step, seconds }));
    if (records.length > 0) shown = events + 1;
    for (const record of records) {
      parts.push(record);
      size += record.length;
    }
  }
  const records = Buffer.concat(parts);
  const bytes = place.bytes + records.length;
  return { after: { events, shown, step, seconds, file: place.file, bytes }, records };
}

/** Puts the records where the place says, over what a killed process may have left there. */
async function write(folder: string, { file, bytes }: Place, records: Uint8Array): Promise<void> {
  // not the run's: it may be gone, or just be replaced by another
  await mkdir(folder).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const handle = await open(join(folder, file), bytes === 0 ? 'w' : 'r+');
  try {
    await handle.write(records, 0, records.length, bytes);
    await handle.truncate(bytes + records.length);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  if (bytes === 0) await emptyBefore(folder, file);
}

/** A reader that is at the file before has to find it, and its end, to go on to the new one. */
async function emptyBefore(folder: string, file: string): Promise<void> {
  const older = (await filesIn(folder)).filter((name) => name < file).sort();
  const last = older.pop();
  if (last !== undefined) await truncate(join(folder, last), 0);
  for (const name of older) await rm(join(folder, name), { force: true });
}

/** @throws {UnavailableError} in place of the system's error */
async function reached<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new UnavailableError(folder, 'a folder to write', wordsOf(cause), '', cause);
  }
}
