/**
 * An engine that multiplies in bfloat16, on every machine: ONNX Runtime in one thread, with operands of
 * products rounded. Numbers are those of an engine that has bfloat16, but for the order of sums.
 */
import { withNarrowProducts } from '../src/graph/narrow.ts';
import { type Engine, engineOver } from '../src/runtime/engine.ts';
import { engines } from '../src/runtime/engines.ts';

export async function narrowEngine(): Promise<Engine> {
  const { open, encode } = engines.onnxruntime;
  const backend = await open({ threads: 1 });
  return engineOver(
    { ...backend, describe: async () => ({ ...(await backend.describe()), precision: 'bf16' }) },
    {
      name: 'onnxruntime',
      precisions: ['bf16'],
      encode: (graph, weights, how) => encode(withNarrowProducts(graph, 'float32'), weights, how),
    },
  );
}
