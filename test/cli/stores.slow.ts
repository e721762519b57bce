/** Jobs whose runs go to stores, as they are typed: three at once, one that fails, one that comes later. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import dynalite from 'dynalite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { dynamoStore } from '../../src/store/dynamodb.ts';
import { goldenPath } from '../golden.ts';
import { tinySettings } from '../jobs/detox/tiny.ts';
import { shallowT5 } from '../shallow.ts';
import { listen } from '../store/fault-proxy.ts';
import { type MlflowServer, mlflowServer } from '../store/mlflow-server.ts';
import { readEventFile } from '../store/tfevents-reader.ts';
import { fakeIo, tactful } from './io.ts';

let home: string;
let endpoint: string;
let trackingUri: string;
let mlflow: MlflowServer;
let words: string[];
const servers: Server[] = [];
const at = (name: string) => join(home, name);

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tactful-stores-cli-'));
  mlflow = mlflowServer();
  servers.push(dynalite({ createTableMs: 5 }), mlflow.server);
  [endpoint, trackingUri] = await Promise.all(servers.map(listen));
  const { adapter, ...settings } = await tinySettings(home);
  const flags = { ...settings, adapter, batchSize: 4, miniBatchSize: 2, samples: 3, rows: 3 };
  const evaluate = { evaluateEvery: 1, validationSamples: 2 };
  words = wordsOf({ ...flags, ...evaluate, checkpointEvery: 1, threads: 1 });
});
afterAll(async () => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  await rm(home, { recursive: true });
});

function wordsOf(settings: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    ...(value === true ? [] : [String(value)]),
  ]);
}

const toAll = () =>
  wordsOf({ store: 'dynamodb,tensorboard,mlflow', endpoint, trackingUri, key: 'run' });
const eventsOf = async (run: string): Promise<Record<string, unknown>[]> =>
  (await readFile(join(at(run), 'events.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

async function itemsOf(run: string) {
  const store = await dynamoStore({
    table: 'llm_with_rlhf',
    endpoint,
    key: 'run',
    tableItems: 'append',
  });
  const items = await store.readAll();
  store.close();
  return items.filter((item) => item.run_id === run);
}

const servedRun = (name: string) => {
  const found = mlflow.runs.filter((run) => run.name === name && !run.deleted);
  expect(found).toHaveLength(1);
  return found[0];
};

/** The steps that TensorBoard shows of a run, and those that MLflow has. */
async function stepsOf(run: string, metric: string) {
  const folder = join(at(run), 'tensorboard');
  const [file, ...more] = await readdir(folder);
  expect(more).toEqual([]);
  const told = readEventFile(await readFile(join(folder, file)));
  const { metrics } = servedRun(run);
  return {
    tensorboard: told.filter(({ scalars }) => metric in scalars).map(({ step }) => step),
    mlflow: metrics.filter(({ key }) => key === metric).map(({ step }) => step),
  };
}

test('three stores at once have a run when it ends, and sync finds nothing to send', async () => {
  const run = ['detox', ...words, '--create-table', ...toAll(), '--output', at('three')];
  const { code, out, err } = await tactful(run);
  expect(err).not.toContain('note:');
  expect(code).toBe(0);
  expect(out.match(/^store +.*$/gm)).toEqual([
    `store           DynamoDB table llm_with_rlhf at ${endpoint}`,
    `store           TensorBoard's files in tensorboard/`,
    `store           MLflow at ${trackingUri}, experiment tactful`,
  ]);
  const rows = (await readFile(join(at('three'), 'comparison.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n');
  expect(
    (await itemsOf('three')).map(({ row, run_id, run_started, seed, ...item }) => item),
  ).toEqual(rows.map((row) => JSON.parse(row)));
  expect(await stepsOf('three', 'objective/kl')).toEqual({ tensorboard: [1, 2], mlflow: [1, 2] });
  expect(servedRun('three').status).toBe('FINISHED');
  const asked = mlflow.requests.length;
  const again = await tactful(['sync', at('three')]);
  const { length: of } = await eventsOf('three');
  expect(again).toMatchObject({ code: 0 });
  expect(again.out.trimEnd().split('\n')).toEqual([
    `${at('three')}: DynamoDB table llm_with_rlhf at ${endpoint} has ${of} of ${of} events`,
    `${at('three')}: TensorBoard's files in tensorboard/ has ${of} of ${of} events`,
    `${at('three')}: MLflow at ${trackingUri}, experiment tactful has ${of} of ${of} events`,
  ]);
  expect(mlflow.requests.length).toBe(asked);
});

test('a store that fails changes nothing of the run, and sync sends what it lacks', async () => {
  mlflow.fault = (_, request) => (request === 'POST runs/log-batch' ? 'cut' : undefined);
  const run = ['detox', ...words, ...toAll(), '--output', at('failing')];
  const { code, out, err } = await tactful(run);
  mlflow.fault = () => undefined;
  expect(code).toBe(1);
  expect(err.match(/^note: MLflow.*$/gm)).toHaveLength(1);
  expect(err).toContain('The run goes on, and it is tried again.');
  expect(out).toMatch(
    /\nstore +MLflow at .* has 0 of \d+ events; send what is missing: npx tactful sync .*failing\n/,
  );
  for (const name of ['comparison.jsonl', 'samples-after.jsonl']) {
    const read = (run: string) => readFile(join(at(run), name), 'utf8');
    expect(await read('failing')).toBe(await read('three'));
  }
  const sent = await tactful(['sync', at('failing'), '--json']);
  expect(sent.code).toBe(0);
  const { length: of } = await eventsOf('failing');
  expect(JSON.parse(sent.out)).toMatchObject(
    ['dynamodb', 'tensorboard', 'mlflow'].map((store) => ({ store, events: of, of })),
  );
  expect(await stepsOf('failing', 'objective/kl')).toEqual({ tensorboard: [1, 2], mlflow: [1, 2] });
  expect(servedRun('failing').status).toBe('FINISHED');
});

test('a run that is stopped and goes on is in each store as if it had not been', async () => {
  const io = fakeIo({ columns: 200 });
  const { write } = io.stderr;
  io.stderr.write = (text) => {
    write(text);
    if (text.includes('1/2')) io.signals.emit('SIGINT');
  };
  const run = ['detox', ...words, ...toAll(), '--output', at('stopped')];
  expect(await runProgram(run, io)).toBe(130);
  expect(servedRun('stopped').status).toBe('KILLED');
  expect((await tactful(['resume', at('stopped')])).code).toBe(0);
  expect(await stepsOf('stopped', 'objective/kl')).toEqual({ tensorboard: [1, 2], mlflow: [1, 2] });
  expect(servedRun('stopped').status).toBe('FINISHED');
  expect(await itemsOf('stopped')).toHaveLength((await itemsOf('three')).length);
});

test('a run that had no store comes to one that sync names, and one without any is told so', async () => {
  expect((await tactful(['detox', ...words, '--output', at('plain')])).code).toBe(0);
  const none = await tactful(['sync', at('plain')]);
  expect(none).toMatchObject({
    code: 1,
    err: `error: run folder ${at('plain')}: expected a run with a store, got one without. Name one by --store.\n`,
  });
  const { code, out } = await tactful(['sync', at('plain'), '--store', 'tensorboard']);
  const { length: of } = await eventsOf('plain');
  expect({ code, out }).toEqual({
    code: 0,
    out: `${at('plain')}: TensorBoard's files in tensorboard/ has ${of} of ${of} events\n`,
  });
});

test('a table that is missing or taken is told before anything is trained', async () => {
  const missing = wordsOf({ store: 'dynamodb', endpoint, table: 'nowhere' });
  const refused = await tactful(['detox', ...words, ...missing, '--output', at('never')]);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain('Use --create-table, or run: aws dynamodb create-table');
  const name = join('else', 'three');
  await mkdir(at('else'));
  const taken = wordsOf({ store: 'dynamodb', endpoint, key: 'run' });
  const other = await tactful(['detox', ...words, ...taken, '--output', at(name)]);
  expect(other.code).toBe(1);
  expect(other.err).toContain('of run "three"');
  expect(await readdir(at('else'))).toEqual([]);
});

test('a run whose own process delivers is left to it', async () => {
  const lock = join(at('plain'), 'stores', 'tensorboard.lock');
  await writeFile(lock, '1\n');
  const { code, out } = await tactful(['sync', at('plain'), '--store', 'tensorboard']);
  await rm(lock);
  expect({ code, out }).toEqual({
    code: 0,
    out: `${at('plain')}: process 1 brings TensorBoard's files in tensorboard/ up to date\n`,
  });
});

test('a setting of a run that no store takes is told with its name', async () => {
  await writeFile(join(at('plain'), 'config.yaml'), 'store: [tensorboard, excel]\n');
  const { code, err } = await tactful(['sync', at('plain')]);
  expect(code).not.toBe(0);
  expect(err).toMatch(/^error: --store.*one or several of folder, dynamodb, tensorboard, mlflow/);
});

test('what is no run does not keep others from their stores', async () => {
  await mkdir(at('empty'));
  const store = ['--store', 'tensorboard'];
  const { code, out, err } = await tactful(['sync', at('empty'), at('plain'), ...store]);
  expect(code).toBe(1);
  expect(out).toContain(`${at('plain')}: TensorBoard's files in tensorboard/ has`);
  expect(err).toContain(
    `note: ${at('empty')}: expected a run with its events.jsonl, got none. Name the folder of a run.\n`,
  );
});

test('sft goes to TensorBoard and MLflow, through each of its best results', async () => {
  const model = await shallowT5(at('t5'));
  const dialogues = await readFile(goldenPath('data', 'dialogsum.test.jsonl'), 'utf8');
  await writeFile(at('dialogues.jsonl'), dialogues.split('\n', 60).join('\n'));
  const settings = {
    ...{ model, data: at('dialogues.jsonl'), loraRank: 2, threads: 1, epochs: 0.4, batchSize: 4 },
    ...{ evaluationSamples: 2, maxResponseTokens: 5, evaluateEvery: 1 },
    ...{ store: 'tensorboard,mlflow', trackingUri, output: at('sft') },
  };
  const { code, err } = await tactful(['sft', ...wordsOf(settings)]);
  expect({ code, notes: err.match(/^note: MLflow.*$/gm) }).toEqual({ code: 0, notes: null });
  const steps = (await eventsOf('sft')).flatMap(({ type, step }) =>
    type === 'step' ? [step] : [],
  );
  expect(steps.length).toBeGreaterThan(2);
  const first = servedRun('sft').metrics.find(({ key, step }) => step === 1 && /loss/.test(key));
  const expected = { tensorboard: steps, mlflow: steps };
  expect(await stepsOf('sft', first?.key ?? '')).toEqual(expected);
  const { out } = await tactful(['sync', at('sft')]);
  expect(out.match(/has (\d+) of \1 events/g)).toHaveLength(2);
});

test('of an sft that is stopped before its first step nothing is left, and MLflow knows', async () => {
  const settings = {
    ...{ model: at('t5'), data: at('dialogues.jsonl'), loraRank: 2, threads: 1, epochs: 0.4 },
    ...{ batchSize: 4, evaluationSamples: 2, maxResponseTokens: 5 },
    ...{ store: 'tensorboard,mlflow', trackingUri, output: at('nothing') },
  };
  const io = fakeIo({ columns: 200 });
  const { write } = io.stderr;
  io.stderr.write = (text) => {
    write(text);
    if (!text.includes('measure before')) return;
    io.stderr.write = write;
    io.signals.emit('SIGINT');
  };
  expect(await runProgram(['sft', ...wordsOf(settings)], io)).toBe(130);
  expect(io.out.join('')).not.toContain('tactful sync');
  expect(await readdir(home)).not.toContain('nothing');
  expect(servedRun('nothing').status).toBe('KILLED');
});
