/** Whether OpenVINO passed its self-test on this machine. I/O: the answer is kept in the cache folder. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { writeFileAtomic } from '../disk/atomic.ts';
import { cpuModel } from './cpu.ts';
import type { Engine } from './engine.ts';
import { cacheFolder } from './openvino-files.ts';
import { startWorker } from './remote.ts';
import { type SelfTestResult, selfTest, tolerances } from './self-test.ts';
import type { Precision } from './traits.ts';

/** What a result belongs to: another library, CPU or version is another engine. */
interface Subject {
  readonly engine: string;
  readonly cpu: string;
  readonly precision: Precision;
  readonly tactful: string;
}

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
  const subject = {
    engine: `${engine.library} ${engine.device}`,
    cpu: cpuModel(),
    precision,
    tactful: createRequire(import.meta.url)('../../package.json').version,
  };
  const name = createHash('sha256').update(JSON.stringify(subject)).digest('hex').slice(0, 16);
  const file = join(cacheFolder(), `self-test-${name}.json`);
  const known = again ? undefined : await read(file);
  if (known) return known;
  const result = await test(engine, precision);
  await write(file, subject, result);
  return result;
}

async function test(engine: Engine, precision: Precision): Promise<SelfTestResult> {
  const onnxRuntime = await startWorker({ engine: 'onnxruntime' });
  try {
    return await selfTest(engine, onnxRuntime, tolerances[precision]);
  } finally {
    await onnxRuntime.close();
  }
}

async function read(file: string): Promise<SelfTestResult | undefined> {
  try {
    const { result } = JSON.parse(await readFile(file, 'utf8'));
    return typeof result.passed === 'boolean' ? result : undefined;
  } catch {
    return undefined; // none, or not whole: it can be made again
  }
}

async function write(file: string, subject: Subject, result: SelfTestResult): Promise<void> {
  const text = `${JSON.stringify({ ...subject, result }, null, 2)}\n`;
  // a cache that cannot be written costs the next start a second
  await writeFileAtomic(file, text).catch(() => undefined);
}
