import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import { startEngine } from '../../src/runtime/select.ts';
import { selfTest, tolerances } from '../../src/runtime/self-test.ts';
import { engineContract } from '../contract/engine.ts';
import { opContract } from '../contract/ops.ts';
import { openEngine } from '../engine.ts';

const inThread = () => openEngine('onnxruntime', { device: 'webgpu', threads: 1 });

engineContract('WebGPU', inThread);
// the process ends at a product of a matrix without rows (ONNX Runtime 1.30); no graph of tactful has one
opContract('WebGPU', inThread, { emptyProducts: false });

describe('the engine that a command starts', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine({ device: 'webgpu', threads: 1 });
  });
  afterAll(() => engine.close());

  test('says where it computes', () => {
    expect(engine.description).toMatch(/^onnxruntime \d+\.\d+\.\d+ webgpu, 1 thread$/);
  });

  test('passed the self-test', async () => {
    const trusted = await openEngine('onnxruntime', { threads: 1 });
    const result = await selfTest(engine, trusted, tolerances.f32);
    expect(result).toMatchObject({ passed: true });
    await trusted.close();
  });
});
