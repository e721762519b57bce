/** Another device is sent its weights inside the model. No such device is here: the CPU computes what it would get. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { type Engine, engineOver } from '../../src/runtime/engine.ts';
import { engines } from '../../src/runtime/engines.ts';
import { onnxRuntimeBackend } from '../../src/runtime/onnxruntime.ts';
import { expectSameNumbers, policyNumbers } from '../policy-numbers.ts';
import { shallowAdapter, shallowT5 } from '../shallow.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-devices-'));
  await shallowT5(join(folder, 'model'));
  await shallowAdapter(join(folder, 'adapter'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The graphs as a device other than the CPU gets them: weights are part of each model. */
async function deviceEngine(sharesWeights: boolean): Promise<Engine> {
  const backend = onnxRuntimeBackend({ threads: 1 });
  const describe = async () => ({ ...(await backend.describe()), sharesWeights });
  return engineOver({ ...backend, describe }, engines.onnxruntime);
}

async function numbersOf(sharesWeights: boolean) {
  const engine = await deviceEngine(sharesWeights);
  try {
    const [model, adapter] = ['model', 'adapter'].map((name) => join(folder, name));
    return await policyNumbers(engine, { model, adapter });
  } finally {
    await engine.close();
  }
}

test('generating, scoring and differentiating give the same numbers', async () => {
  const [cpu, device] = [await numbersOf(true), await numbersOf(false)];
  expectSameNumbers(device, cpu);
});
