/**
 * Runs with three stores that are killed with SIGKILL and resumed until they end: each store then has
 * what it has of a run that was never killed. TACTFUL_CRASH_RUNS / 5 of them (10), at moments of
 * TACTFUL_CRASH_SEED.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import dynalite from 'dynalite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { dynamoStore } from '../../src/store/dynamodb.ts';
import { tinySettings } from '../jobs/detox/tiny.ts';
import { listen } from '../store/fault-proxy.ts';
import { type MlflowServer, mlflowServer } from '../store/mlflow-server.ts';
import { readEventFile } from '../store/tfevents-reader.ts';
import { type Ended, type Moment, program } from './program.ts';

const runs = Math.ceil(Number(process.env.TACTFUL_CRASH_RUNS ?? 50) / 5);
const seed = Number(process.env.TACTFUL_CRASH_SEED ?? 0);

const servers: Server[] = [];
let folder: string;
let endpoint: string;
let mlflow: MlflowServer;
let words: string[];
let undisturbed: Ended;
let expected: Awaited<ReturnType<typeof stored>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-crash-stores-'));
  mlflow = mlflowServer();
  servers.push(dynalite({ createTableMs: 5 }), mlflow.server);
  const [address, trackingUri] = await Promise.all(servers.map(listen));
  endpoint = address;
  const settings = {
    ...(await tinySettings(folder)),
    ...{ steps: 6, batchSize: 4, miniBatchSize: 4, maxNewTokens: 3, samples: 4, rows: 4 },
    ...{ checkpointEvery: 2, evaluateEvery: 2, validationSamples: 2, threads: 1 },
    ...{ store: 'dynamodb,tensorboard,mlflow', endpoint, trackingUri, key: 'run' },
  };
  words = Object.entries(settings).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  words.push('--create-table');
  undisturbed = await begin(join(folder, 'whole'));
  expected = await stored(join(folder, 'whole'));
  expect(expected.items).toHaveLength(4);
  expect(expected.mlflow.filter(({ key }) => key === 'objective/kl')).toHaveLength(6);
});
afterAll(async () => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  await rm(folder, { recursive: true });
});

const begin = (run: string, moment?: Moment) =>
  program(['detox', ...words, '--output', run, '--quiet'], `${run}.count`, moment);

/** What a user would do: resume, or begin again where the kill came before there was a run. */
async function goOn(run: string, moment?: Moment): Promise<Ended> {
  const names = await readdir(run).catch((): string[] => []);
  if (!names.includes('config.yaml')) return begin(run, moment);
  return program(['resume', run, '--quiet'], `${run}.count`, moment);
}

/** What stores have of a run, without what a clock says. */
async function stored(run: string) {
  const name = basename(run);
  const store = await dynamoStore({
    table: 'llm_with_rlhf',
    endpoint,
    key: 'run',
    tableItems: 'append',
  });
  const items = await store.readAll();
  store.close();
  const place = join(run, 'tensorboard');
  // one that was gone back behind is emptied
  const files = (await readdir(place)).sort().map((name) => readFile(join(place, name)));
  const isSteady = (key: string) => !key.startsWith('time/') && !/seconds|memory/i.test(key);
  const told = (await Promise.all(files)).flatMap(readEventFile);
  const standing = mlflow.runs.filter((one) => one.name === name && !one.deleted);
  expect(standing.map(({ status }) => status)).toEqual(['FINISHED']);
  return {
    items: items
      .filter((item) => item.run_id === name)
      .map(({ run_id: _, run_started: __, ...item }) => item),
    tensorboard: told.slice(3).map(({ time: _, scalars, ...one }) => ({
      ...one,
      scalars: Object.entries(scalars).filter(([key]) => isSteady(key)),
    })),
    mlflow: standing[0].metrics
      .filter(({ key }) => isSteady(key))
      .map(({ timestamp: _, ...metric }) => metric)
      .sort((a, b) => a.step - b.step || (a.key < b.key ? -1 : Number(a.key > b.key))),
  };
}

test.each(Array.from({ length: runs }, (_, i) => i))(
  'stores have the run %i, killed and resumed, as if nothing had happened',
  async (i) => {
    const stream = randomStream(seed, ['crash-stores', i]);
    const run = join(folder, `run-${i}`);
    const { milliseconds, operations } = undisturbed;
    const moment = (): Moment =>
      i % 2 === 0
        ? { after: stream.next() * milliseconds }
        : { operation: 1 + stream.integer(operations) };
    for (let kills = 1 + stream.integer(3); kills > 0; kills--) {
      if (!(await goOn(run, moment())).killed) break;
    }
    await goOn(run);
    // of one that was killed after its last word nothing is left to resume
    await program(['sync', run, '--quiet'], `${run}.count`);
    expect(await stored(run)).toEqual(expected);
    await rm(run, { recursive: true });
  },
);
