/** Runs at a real MLflow server, as its own client reads them. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import type { JobEvent } from '../../src/events.ts';
import { mlflowStore } from '../../src/store/mlflow.ts';
import type { Position } from '../../src/store/store.ts';
import { scratchFolders } from '../hub/folder.ts';
import { listen } from '../store/fault-proxy.ts';
import { evaluated, events, madeRun, started, stepEvent } from '../store/made-run.ts';
import { forgetful, startMlflow } from './mlflow.ts';
import { python } from './python.ts';

interface TheirRun {
  readonly name: string;
  readonly stage: string;
  readonly status: string;
  readonly start: number;
  readonly end: number;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<
    Record<string, readonly [step: number, value: number, time: number][]>
  >;
  /** SHA-256 by path. */
  readonly files: Readonly<Record<string, string>>;
}

const scratch = scratchFolders();
const begun = Date.parse(started.time);
/** Where a run in which step 3 was done twice has come to. */
const resumed: JobEvent = {
  ...{ type: 'resumed', step: 2, steps: 400, time: '2026-11-29T06:00:00.000Z' },
  ...{ version: '1', engine: 'none', notes: [] },
};

test('a run that went back, past answers that were lost, is there once with every number', async () => {
  const [home, folder] = [await scratch(), join(await scratch(), 'mine')];
  const { address, process } = await startMlflow(home);
  onTestFinished(() => void global.process.kill(-process.pid!));
  const proxy = forgetful(address);
  const trackingUri = await listen(proxy);
  onTestFinished(() => void proxy.close());
  await mkdir(join(folder, 'adapter'), { recursive: true });
  const weights = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
  await writeFile(join(folder, 'adapter', 'adapter_model.safetensors'), weights);
  await writeFile(join(folder, 'report.html'), '<p>보고</p>');

  const first = await delivered(trackingUri, folder, events(20), { events: 0 });
  const more = Array.from({ length: 398 }, (_, i) => stepEvent(i + 3, 1e-9));
  const log: JobEvent[] = [
    ...[...events(2), resumed, ...more, evaluated('after', 0.25)],
    { type: 'finished', steps: 400, seconds: 801.5 },
  ];
  const store = mlflowStore({ trackingUri, env: {} });
  let from: Position | undefined;
  while (from === undefined) {
    from = await store.rewind(madeRun(folder, log), first, 4).catch(unavailable);
  }
  await delivered(trackingUri, folder, log, from);

  const runs = await python<TheirRun[]>(
    'mlflow_runs.py',
    ['tactful'],
    { MLFLOW_TRACKING_URI: address },
    'curves',
  );
  const [run, ...others] = runs.filter(({ stage }) => stage === 'active');
  expect(others).toEqual([]);
  expect(run).toMatchObject({ name: 'mine', status: 'FINISHED', start: begun });
  expect(run.end).toBe(begun + 801_500);
  expect(run.params).toEqual({
    ...{ seed: '7', learningRate: '0.001', targets: '["q","v"]', 'deep.a': 'true' },
  });
  expect(run.tags).toMatchObject({ 'mlflow.source.name': 'tactful detox' });
  const steps = log.filter((event) => event.type === 'step');
  for (const name of Object.keys(steps[0].metrics)) {
    const theirs = run.metrics[name.replace('!', '_')];
    expect(theirs).toEqual(
      steps.map(({ step, metrics }) => [step, metrics[name], begun + 2000 * step]),
    );
  }
  expect(run.metrics['evaluated/toxicity']).toEqual([
    [0, 0.5, begun],
    [400, 0.25, begun + 800_000],
  ]);
  const hash = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
  expect(run.files).toEqual({
    'report.html': hash('<p>보고</p>'),
    'adapter/adapter_model.safetensors': hash(weights),
  });
});

/** Tries until all is there, in turn as the same process and as another. */
async function delivered(
  trackingUri: string,
  folder: string,
  log: readonly JobEvent[],
  from: Position,
): Promise<Position> {
  let position = from;
  let store = mlflowStore({ trackingUri, env: {} });
  for (let tries = 0; position.events < log.length; tries++) {
    expect(tries).toBeLessThan(100);
    if (tries % 2) store = mlflowStore({ trackingUri, env: {} });
    try {
      for await (const reached of store.deliver(madeRun(folder, log), position)) position = reached;
    } catch (error) {
      unavailable(error);
    }
  }
  return position;
}

function unavailable(error: unknown): undefined {
  expect(error).toBeInstanceOf(UnavailableError);
}
