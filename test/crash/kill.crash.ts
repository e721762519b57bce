/**
 * Runs that are killed with SIGKILL, resumed, perhaps killed again, until they end: they must end
 * with the bytes of the run that was never killed. TACTFUL_CRASH_RUNS says how many (50), and
 * TACTFUL_CRASH_SEED which random moments.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { readEvents } from '../../src/store/event-log.ts';
import { isHeld } from '../../src/store/lock.ts';
import { tinySettings } from '../jobs/detox/tiny.ts';
import { checkWhole, type Ended, type Moment, program } from './program.ts';

const runs = Number(process.env.TACTFUL_CRASH_RUNS ?? 50);
const seed = Number(process.env.TACTFUL_CRASH_SEED ?? 0);

let folder: string;
let words: string[];
/** Whether all rollouts are kept in full, or the last two steps. */
const records = ['all', 'two'] as const;
type Keeping = (typeof records)[number];
type Whole = { readonly ended: Ended; readonly result: Awaited<ReturnType<typeof resultOf>> };
const undisturbed: Partial<Record<Keeping, Whole>> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-crash-'));
  const settings = {
    ...(await tinySettings(folder)),
    ...{ steps: 6, batchSize: 4, miniBatchSize: 4, maxNewTokens: 3, samples: 4, rows: 4 },
    ...{ checkpointEvery: 1, evaluateEvery: 2, validationSamples: 2, threads: 1 },
  };
  words = Object.entries(settings).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  for (const record of records) {
    const run = join(folder, record);
    const whole = { ended: await begin(run, record), result: await resultOf(run) };
    const names = Object.keys(whole.result.files).filter((name) => /^rollouts/.test(name));
    expect(names).toHaveLength(settings.steps + 1);
    undisturbed[record] = whole;
  }
});
afterAll(() => rm(folder, { recursive: true }));

const kept = { all: [], two: ['--keep-rollouts', '2'] };
const begin = (run: string, record: Keeping, moment?: Moment) => {
  const more = [...kept[record], '--output', run, '--quiet'];
  return program(['detox', ...words, ...more], `${run}.count`, moment);
};
const resume = (run: string, moment?: Moment) =>
  program(['resume', run, '--quiet'], `${run}.count`, moment);
const discard = (run: string) => rm(run, { recursive: true, force: true });

/** What must not depend on kills: files as text, and the log without what a clock says. */
async function resultOf(run: string) {
  const names = await readdir(run, { recursive: true });
  const files = names.filter((name) =>
    /^(adapter|best|rollouts)\/|^(comparison|samples)/.test(name),
  );
  const read = async (name: string) => [name, await readFile(join(run, name), 'base64')];
  const events = await readEvents(join(run, 'events.jsonl'));
  return {
    files: Object.fromEntries(await Promise.all(files.sort().map(read))),
    // of the newest checkpoint the log may lack the line, if the kill came before it
    log: events.filter(({ type }) => type !== 'resumed' && type !== 'checkpoint').map(steady),
    hidden: names.filter((name) => /(^|\/)\./.test(name)),
    // killed after its last word, it left a lock that nobody holds, and nothing was there to resume
    others: names.filter((name) => !/^((adapter|best|checkpoints)\/|lock$)/.test(name)).sort(),
    held: await isHeld(run),
  };
}

function steady(event: object): object {
  const { time, seconds, peakMemory, metrics, runId, ...rest } = event as Record<string, object>;
  const kept = Object.entries(metrics ?? {}).filter(([name]) => !name.startsWith('time/'));
  // a resumed run says which engine, not why that one was chosen: its run has chosen before
  const engine = 'engine' in rest && { engine: String(rest.engine).replace(/ \(.*\)$/, '') };
  return { ...rest, ...engine, metrics: Object.fromEntries(kept) };
}

/** Kills a fresh run; should it have ended before, one that is killed earlier. */
async function killed(run: string, record: Keeping, moment: Moment): Promise<void> {
  const { killed: done } = await begin(run, record, moment);
  if (done) return;
  await discard(run);
  const earlier = (number: number) => Math.floor(0.8 * number);
  const sooner =
    'after' in moment ? { after: earlier(moment.after) } : { operation: earlier(moment.operation) };
  await killed(run, record, sooner);
}

test.each(Array.from({ length: runs }, (_, i) => i))(
  'run %i, killed and resumed, ends as if nothing had happened',
  async (i) => {
    const stream = randomStream(seed, ['crash', i]);
    const run = join(folder, `run-${i}`);
    const record = records[(i >> 1) % records.length];
    const whole = undisturbed[record]!;
    const { milliseconds, operations } = whole.ended;
    // by time for all that takes long, by operations for all that is written
    const moment = (): Moment =>
      i % 2 === 0
        ? { after: stream.next() * milliseconds }
        : { operation: 1 + stream.integer(operations) };
    await killed(run, record, moment());
    await checkWhole(run);
    for (let kills = stream.integer(3); kills > 0; kills--) {
      if (!(await goOn(run, record, moment())).killed) break;
      await checkWhole(run);
    }
    await goOn(run, record);
    await checkWhole(run);
    expect(await resultOf(run)).toEqual(whole.result);
    await discard(run);
  },
);

/** What a user would do: resume, or begin again where the kill came before there was a run. */
async function goOn(run: string, record: Keeping, moment?: Moment): Promise<Ended> {
  const names = await readdir(run).catch((): string[] => []);
  return names.includes('config.yaml') ? resume(run, moment) : begin(run, record, moment);
}
