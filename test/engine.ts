import { type Engine, engineOver } from '../src/runtime/engine.ts';
import { onnxRuntimeBackend } from '../src/runtime/onnxruntime.ts';

/** ONNX Runtime in the test's own thread; one thread, because test files run side by side. */
export function testEngine(): Promise<Engine> {
  return engineOver(onnxRuntimeBackend({ threads: 1 }));
}
