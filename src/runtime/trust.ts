/** Whether OpenVINO passed its self-test on this machine. I/O: the answer is kept in the cache folder. */
import type { Engine } from './engine.ts';
import { engineName, keptAnswer } from './kept-answers.ts';
import { startWorker } from './remote.ts';
import { type SelfTestResult, selfTest, tolerances } from './self-test.ts';
import type { Precision } from './traits.ts';

interface TrustOptions {
  readonly precision: Precision;
  /** Tests anew. @default false */
  readonly again?: boolean;
}

/**
 * What the self-test says of an engine, by ONNX Runtime; from the cache folder where it was tested
 * before. An engine that cannot even compute it has failed.
 */
export async function trust(
  engine: Engine,
  { precision, again = false }: TrustOptions,
): Promise<SelfTestResult> {
  return keptAnswer<SelfTestResult>({
    name: 'self-test',
    subject: { engine: engineName(engine), precision },
    isWhole: ({ passed }) => typeof passed === 'boolean',
    again,
    ask: () => test(engine, precision),
  });
}

async function test(engine: Engine, precision: Precision): Promise<SelfTestResult> {
  const onnxRuntime = await startWorker({ engine: 'onnxruntime' });
  try {
    return await selfTest(engine, onnxRuntime, tolerances[precision]);
  } finally {
    await onnxRuntime.close();
  }
}
