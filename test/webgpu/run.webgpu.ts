/** The demo on WebGPU against the demo on the CPU. */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSamples } from '../../src/eval/samples-file.ts';
import type { RunEvent } from '../../src/events.ts';
import { DetoxConfig } from '../../src/jobs/detox/config.ts';
import { detox } from '../../src/jobs/library.ts';
import { presets } from '../../src/jobs/presets.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { startEngine } from '../../src/runtime/select.ts';
import type { Device } from '../../src/runtime/traits.ts';
import { temporaryFolder } from '../model/tiny.ts';
import { expectSameNumbers, policyNumbers } from '../policy-numbers.ts';

async function on<Result>(device: Device, use: (engine: Engine) => Promise<Result>) {
  const engine = await startEngine({ engine: 'onnxruntime', device, threads: 1 });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

test('generating, scoring and differentiating give the numbers of the CPU', async () => {
  const { model, adapter } = presets.demo;
  const numbers = (engine: Engine) => policyNumbers(engine, { model, adapter });
  const [device, cpu] = [await on('webgpu', numbers), await on('cpu', numbers)];
  // an entropy near 0 is the difference of two numbers near 20, each with float32's 1e-6
  expectSameNumbers(device, cpu, { atol: 1e-4, rtol: 1e-4 });
});

const config = DetoxConfig.parse({
  ...presets.demo,
  ...{ steps: 2, batchSize: 4, miniBatchSize: 4, maxNewTokens: 6, calibrate: 0 },
  ...{ samples: 4, maxRows: 40 },
});

type Step = Extract<RunEvent, { type: 'step' }>;

/** Metrics of the steps, but for times, and what was answered before. */
async function twoSteps(engine: Engine) {
  const output = await temporaryFolder();
  const steps: Step[] = [];
  for await (const event of detox(config, { engine, output, runId: 'run', version: '1' })) {
    if (event.type === 'step') steps.push(event);
  }
  const samples = await readSamples(join(output, 'samples-before.jsonl'));
  const metrics = steps.map((step) =>
    Object.entries(step.metrics).filter(([name]) => !/time|seconds|peak/.test(name)),
  );
  return { metrics, responses: samples?.map(({ response }) => response) };
}

test('two steps of training give its responses, KL and losses', async () => {
  const device = await on('webgpu', twoSteps);
  const cpu = await on('cpu', twoSteps);
  expect(device.responses).toEqual(cpu.responses);
  expect(device.metrics.length).toBe(2);
  for (const [step, metrics] of device.metrics.entries()) {
    const expected = cpu.metrics[step];
    expect(metrics.map(([name]) => name)).toEqual(expected.map(([name]) => name));
    // sums in another order; the second step starts from parameters that differ a little
    const tolerance = step === 0 ? { atol: 1e-4, rtol: 1e-4 } : { atol: 1e-2, rtol: 1e-2 };
    const values = (list: readonly (readonly [string, number])[]) => list.map(([, value]) => value);
    expect(values(metrics)).toBeAllClose(values(expected), tolerance);
  }
});
