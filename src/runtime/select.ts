/** Which engine computes, and why. */
import { ConfigError, UnavailableError } from '../errors.ts';
import { cpuModel, hasBf16 } from './cpu.ts';
import { type Engine, type EngineOptions, leastWidth } from './engine.ts';
import { availableMemory } from './machine.ts';
import { findOpenVino } from './openvino-files.ts';
import { startWorker } from './remote.ts';
import { type SelfTestResult, selfTest, tolerances } from './self-test.ts';
import type { Device } from './traits.ts';
import { trust } from './trust.ts';

const noBf16 = 'no bf16 in this CPU';
const where = 'engine openvino';

/** Memory of a whole run in OpenVINO, in sizes of its model's weights (measured: 9.5 of `sft`, 512 wide). */
const weightsHeld = 12;

/**
 * Starts an engine in a worker thread. `auto` is OpenVINO where that was seen to be faster: the CPU
 * has bf16, the model is large enough, there is memory for it, its library is found, and its self-test
 * passes. Otherwise it is ONNX Runtime. Its description says why.
 * @throws {UnavailableError} when what is asked for is not there, or not right
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const { engine = 'auto', precision, device = 'cpu', threads = 0 } = options;
  const onnxRuntime = () => startWorker({ engine: 'onnxruntime', device, threads });
  if (engine === 'openvino') {
    if (device !== 'cpu') throw new ConfigError(where, 'device cpu', device);
    const started = await startOpenVino(options);
    if ('error' in started) throw started.error;
    return started.engine;
  }
  if (engine === 'onnxruntime' && precision === 'bf16') {
    const remedy = 'ONNX Runtime has no other: choose `engine` openvino.';
    throw new ConfigError('engine onnxruntime', 'precision f32', precision, remedy);
  }
  if (device !== 'cpu') return tested(await onnxRuntime(), device);
  if (engine === 'onnxruntime' || precision === 'f32') return onnxRuntime();
  const against = await reasonAgainst(options);
  if (against !== undefined) return noted(await onnxRuntime(), `not openvino: ${against}`);
  const started = await startOpenVino(options);
  if ('engine' in started) return noted(started.engine, 'faster on a model of this size');
  return noted(await onnxRuntime(), `not openvino: ${started.reason}`);
}

/** Why `auto` does not even look for OpenVINO. */
async function reasonAgainst({ precision, work }: EngineOptions): Promise<string | undefined> {
  if (precision === undefined && !hasBf16()) return noBf16;
  if (!work) return 'not known to be better here';
  const { width, bytes } = await work();
  if (width < leastWidth) return `slower on a model ${width} wide`;
  const [takes, there] = [weightsHeld * bytes, await availableMemory()];
  if (takes > there) return `may take ${gigabytes(takes)}, and ${gigabytes(there)} are available`;
  return undefined;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** An engine on a device whose results are those of the CPU: drivers differ, so it is asked each time. */
async function tested(engine: Engine, device: Device): Promise<Engine> {
  const cpu = await startWorker({ engine: 'onnxruntime' });
  try {
    const { passed, text } = await selfTest(engine, cpu, tolerances.f32);
    if (passed) return engine;
    await engine.close();
    const remedy = 'Choose `device` cpu, which is always there.';
    throw new UnavailableError(`device ${device}`, 'results like those of the CPU', text, remedy);
  } finally {
    await cpu.close();
  }
}

/** What there is of OpenVINO on this machine. */
export interface OpenVinoCheck {
  /** Path of its library; absent when it was not found. */
  readonly library?: string;
  readonly cpu: string;
  readonly bf16: boolean;
  /** Description of the engine, when it could be started. */
  readonly engine?: string;
  readonly passed: boolean;
  /** What the self-test says, or why there was none. */
  readonly text: string;
}

/**
 * Looks for OpenVINO and tests it anew.
 * @param path of its library @default where the engine looks
 */
export async function checkOpenVino(path?: string): Promise<OpenVinoCheck> {
  const machine = { cpu: cpuModel(), bf16: hasBf16() };
  const found = path === undefined ? await findOpenVino() : { library: path };
  if ('missing' in found) return { ...machine, passed: false, text: found.missing };
  const { library } = found;
  try {
    const { engine, passed, text } = await testedOpenVino({ library, again: true });
    await engine.close();
    return { ...machine, library, engine: engine.description, passed, text };
  } catch (error) {
    return { ...machine, library, passed: false, text: (error as Error).message };
  }
}

/** An engine that may be trusted, or why there is none, in few words and in full. */
type Started =
  | { readonly engine: Engine }
  | { readonly reason: string; readonly error: UnavailableError };

async function startOpenVino(options: EngineOptions): Promise<Started> {
  const found = await findOpenVino();
  if ('missing' in found) {
    const remedy = 'Run: tactful setup openvino';
    const error = new UnavailableError(where, "OpenVINO's library", found.missing, remedy);
    return { reason: found.missing, error };
  }
  try {
    const { engine, passed, text } = await testedOpenVino({ ...options, ...found });
    if (passed) return { engine };
    await engine.close();
    const remedy = 'Choose `engine` onnxruntime. To test again: tactful setup openvino --check';
    const error = new UnavailableError(where, 'results like those of onnxruntime', text, remedy);
    return { reason: 'self-test failed', error };
  } catch (error) {
    return { reason: 'its library does not work', error: error as UnavailableError };
  }
}

interface TestOptions extends Pick<EngineOptions, 'precision' | 'threads'> {
  readonly library: string;
  /** Not what an earlier test said. @default false */
  readonly again?: boolean;
}

async function testedOpenVino({
  library,
  precision,
  threads = 0,
  again = false,
}: TestOptions): Promise<SelfTestResult & { readonly engine: Engine }> {
  const chosen = precision ?? (hasBf16() ? 'bf16' : 'f32');
  const engine = await startWorker({ engine: 'openvino', library, precision: chosen, threads });
  const result = await trust(engine, { precision: chosen, again });
  const slower = chosen === 'f32' && precision === undefined;
  return { ...result, engine: slower ? noted(engine, noBf16) : engine };
}

function noted(engine: Engine, note: string): Engine {
  return { ...engine, description: `${engine.description} (${note})` };
}
