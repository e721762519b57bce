import { expect, test } from 'vitest';
import { type EngineSettings, withEngine } from '../../src/cli/options.ts';
import { testEngine } from '../engine.ts';

const asked: EngineSettings = { engine: 'auto', device: 'cpu', threads: 1 };

test('the options of a run name the engine that auto was, and nothing that it cannot do', async () => {
  const engine = await testEngine();
  const onnxRuntime = { ...asked, engine: 'onnxruntime' };
  expect(withEngine(asked, engine)).toEqual(onnxRuntime);
  const f32 = { ...onnxRuntime, precision: 'f32' };
  expect(withEngine({ ...asked, precision: 'f32' }, engine)).toEqual(f32);
  expect(withEngine({ ...asked, precision: 'bf16' }, engine)).toEqual(f32);
  const openVino = { ...engine, name: 'openvino', precisions: ['bf16', 'f32'] as const };
  expect(withEngine(asked, openVino)).toEqual({ ...asked, engine: 'openvino', precision: 'f32' });
});
