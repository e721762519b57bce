import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError, UnavailableError } from '../../src/errors.ts';
import type { JobEvent } from '../../src/events.ts';
import { mlflowStore } from '../../src/store/mlflow.ts';
import { metricKey, parametersOf } from '../../src/store/mlflow-limits.ts';
import type { Position, RunStore } from '../../src/store/store.ts';
import { listen } from './fault-proxy.ts';
import { evaluated, events, madeRun, started, stepEvent } from './made-run.ts';
import { type Fault, type MlflowServer, mlflowServer, type ServedRun } from './mlflow-server.ts';

let folder: string;
let trackingUri: string;
let mlflow: MlflowServer;
const servers: Server[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-mlflow-'));
  mlflow = mlflowServer();
  trackingUri = await serve(mlflow.server);
});

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
  await rm(folder, { recursive: true });
});

function serve(server: Server): Promise<string> {
  servers.push(server);
  return listen(server);
}

function newStore(env: NodeJS.ProcessEnv = {}): RunStore {
  return mlflowStore({ trackingUri, env, pauses: [] });
}

async function deliver(
  log: readonly JobEvent[],
  from: Position = { events: 0 },
  store = newStore(),
): Promise<Position> {
  let position = from;
  for await (const reached of store.deliver(madeRun(folder, log), from)) {
    position = JSON.parse(JSON.stringify(reached));
  }
  return position;
}

/** The one run that stands; where there are several, the test fails. */
function theRun(): ServedRun {
  const active = mlflow.runs.filter((run) => !run.deleted);
  expect(active).toHaveLength(1);
  return active[0];
}

const finished: JobEvent = { type: 'finished', steps: 4, seconds: 12.5 };
const whole = [...events(4), evaluated('after', 0.25), finished];

test('a run has its settings, its curves by step and time, its files and its end', async () => {
  await mkdir(join(folder, 'adapter'));
  await writeFile(join(folder, 'report.html'), '<html>');
  await writeFile(join(folder, 'adapter', 'adapter_model.safetensors'), 'weights');
  await writeFile(join(folder, 'events.jsonl'), 'not sent');
  await newStore().check(madeRun(folder, [started]));
  expect((await deliver(whole)).events).toBe(whole.length);
  const run = theRun();
  expect(run).toMatchObject({ name: 'mine', status: 'FINISHED' });
  const begun = Date.parse(started.time);
  expect(run.end).toBe(begun + 12_500);
  expect(Object.fromEntries(run.params)).toEqual({
    seed: '7',
    learningRate: '0.001',
    targets: '["q","v"]',
    'deep.a': 'true',
  });
  const curve = (name: string) =>
    run.metrics.flatMap(({ key, value, timestamp, step }) => {
      return key === name ? [[step, value, timestamp - begun]] : [];
    });
  expect(curve('objective/kl')).toEqual([1, 2, 3, 4].map((n) => [n, Math.sin(n), 2000 * n]));
  expect(curve('evaluated/toxicity')).toEqual([
    [0, 0.5, 0],
    [4, 0.25, 8000],
  ]);
  expect(curve('env/reward/a reward of mine_')).toHaveLength(4);
  const place = `1/${run.id}/artifacts`;
  expect([...mlflow.files].map(([path, bytes]) => [path, bytes.toString()])).toEqual([
    [`${place}/report.html`, '<html>'],
    [`${place}/adapter/adapter_model.safetensors`, 'weights'],
  ]);
});

test('whatever request fails, by an error, a cut or a lost answer, nothing is lost and nothing twice', async () => {
  await deliver(whole);
  const clean = theRun().metrics;
  const usual = mlflow.requests.length;
  expect(usual).toBeGreaterThan(5);
  const faults: Fault[] = ['lost', 'cut', 503, 429];
  for (const fault of faults) {
    for (let failing = 0; failing < usual; failing++) {
      mlflow = mlflowServer();
      trackingUri = await serve(mlflow.server);
      mlflow.fault = (number) => (number === failing ? fault : undefined);
      let position: Position = { events: 0 };
      const store = newStore();
      const first = deliverUntilFault(store, whole, (reached) => {
        position = reached;
      });
      await expect(first).rejects.toThrow(UnavailableError);
      // in the same process, or in another
      const last = await deliver(whole, position, failing % 2 ? store : newStore());
      expect(last.events).toBe(whole.length);
      expect(theRun().metrics).toEqual(clean);
      expect(theRun().status).toBe('FINISHED');
    }
  }
});

async function deliverUntilFault(
  store: RunStore,
  log: readonly JobEvent[],
  told: (position: Position) => void,
): Promise<void> {
  for await (const reached of store.deliver(madeRun(folder, log), { events: 0 })) told(reached);
}

test('a process that dies after a batch but before it is noted sends nothing of it again', async () => {
  const log = events(4);
  let position: Position = { events: 0 };
  for (let n = 1; n <= log.length; n++) {
    const [before] = [position];
    position = await deliver(log.slice(0, n), position);
    if (n % 2) position = before; // its note is lost
  }
  await deliver(log, position);
  const keys = theRun().metrics.map(({ key, step }) => `${key} ${step}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.filter((key) => key.startsWith('objective/kl '))).toHaveLength(4);
});

test('a run whose note is gone altogether takes the place of what it was', async () => {
  await deliver(events(4));
  const [old] = mlflow.runs;
  await deliver(events(4));
  expect(theRun().metrics).toEqual(old.metrics);
  expect(old.deleted).toBe(true);
});

test('after a step back another run takes the place of the one with too many steps', async () => {
  const position = await deliver(events(4));
  const again = [...events(2), resumed(2), stepEvent(3, 1)];
  const store = newStore();
  const from = await store.rewind(madeRun(folder, again), position, 4);
  await deliver(again, from, store);
  const run = theRun();
  expect(mlflow.runs).toHaveLength(2);
  const kls = run.metrics.filter(({ key }) => key === 'objective/kl');
  expect(kls.map(({ step, value }) => [step, value])).toEqual([
    [1, Math.sin(1)],
    [2, Math.sin(2)],
    [3, Math.sin(3) + 1],
  ]);
});

test('a run that was stopped and goes on stays the same run', async () => {
  const stopped: JobEvent = { type: 'stopped', step: 2, reason: 'interrupted' };
  const position = await deliver([...events(2), stopped]);
  expect(theRun().status).toBe('KILLED');
  const again = [...events(2), resumed(2), stepEvent(3)];
  const from = await newStore().rewind(madeRun(folder, again), position, 4);
  await deliver(again, from);
  const run = theRun();
  expect(mlflow.runs).toHaveLength(1);
  expect(run.status).toBe('RUNNING');
  const times = run.metrics.filter(({ key }) => key === 'time/step').map((one) => one.timestamp);
  expect(times.map((time) => time - Date.parse(started.time))).toEqual([2000, 4000, 6000]);
});

test('ten thousand steps go in requests that MLflow takes, and long settings are cut', async () => {
  const config = { prompt: 'x'.repeat(7000), ...Object.fromEntries(manySettings(250)) };
  const [, ...rest] = events(2000);
  await deliver([{ ...started, config }, ...rest]);
  const run = theRun();
  expect(run.params.size).toBe(251);
  expect(run.params.get('prompt')).toHaveLength(6000);
  expect(run.metrics).toHaveLength(2000 * 5 + 3);
});

test('a position at another server is none at this', async () => {
  const position = await deliver(events(2));
  mlflow = mlflowServer();
  trackingUri = await serve(mlflow.server);
  await deliver(events(2), position);
  expect(theRun().metrics.length).toBeGreaterThan(0);
});

test('a token goes along, and one that is wrong is a matter for the user', async () => {
  mlflow = mlflowServer('secret');
  trackingUri = await serve(mlflow.server);
  await deliver(events(1), { events: 0 }, newStore({ MLFLOW_TRACKING_TOKEN: 'secret' }));
  expect(theRun().metrics.length).toBeGreaterThan(0);
  const refused = newStore({ MLFLOW_TRACKING_TOKEN: 'wrong' }).check(madeRun(folder, []));
  await expect(refused).rejects.toThrow(ConfigError);
  await expect(refused).rejects.toThrow('MLFLOW_TRACKING_TOKEN');
  await expect(refused).rejects.not.toThrow('wrong');
});

test('what is no MLflow server, no server and no address are told apart', async () => {
  const check = (uri: string) =>
    mlflowStore({ trackingUri: uri, env: {} }).check(madeRun(folder, []));
  await expect(check(`${trackingUri}/elsewhere`)).rejects.toThrow(ConfigError);
  await expect(check('http://127.0.0.1:1')).rejects.toThrow(UnavailableError);
  expect(() => mlflowStore({ env: {} })).toThrow('MLFLOW_TRACKING_URI');
  expect(() => mlflowStore({ trackingUri: 'sqlite:///mlflow.db', env: {} })).toThrow(
    'Start `mlflow server`',
  );
  const secret = 'http://me:secret@127.0.0.1:1';
  expect(() => mlflowStore({ trackingUri: secret, env: {} })).toThrow('MLFLOW_TRACKING_PASSWORD');
  const password = mlflowStore({ env: { MLFLOW_TRACKING_URI: secret } });
  expect(password.says).toBe('MLflow at http://127.0.0.1:1, experiment tactful');
});

test('a name becomes one that MLflow takes, and others stay', () => {
  expect(metricKey('ppo/val/var_explained')).toBe('ppo/val/var_explained');
  expect(metricKey('env/reward/내 보상')).toBe('env/reward/내 보상');
  expect(metricKey('/a//b/../c!/')).toBe('a/b/_/c_');
  expect(metricKey('x'.repeat(300))).toHaveLength(250);
  expect(parametersOf({ a: { b: { c: [1] } }, d: null, e: '' })).toEqual([
    { key: 'a.b.c', value: '[1]' },
    { key: 'e', value: '' },
  ]);
});

function manySettings(n: number): (readonly [string, string])[] {
  return Array.from({ length: n }, (_, i) => [`setting${i}`, '값'.repeat(3000)]);
}

function resumed(step: number): JobEvent {
  const now = { time: '2026-11-29T06:00:00.000Z', version: '1', engine: 'none', notes: [] };
  return { type: 'resumed', step, ...now };
}
