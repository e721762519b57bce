/** Which engine computes, and why. */
import { ConfigError, UnavailableError } from '../errors.ts';
import { cpuModel, hasBf16 } from './cpu.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { findOpenVino } from './openvino-files.ts';
import { startWorker } from './remote.ts';
import type { SelfTestResult } from './self-test.ts';
import { trust } from './trust.ts';

const noBf16 = 'no bf16 in this CPU';
const where = 'engine openvino';

/**
 * Starts an engine in a worker thread. `auto` is OpenVINO where its library is found, the CPU has
 * bf16, and its self-test passes; otherwise ONNX Runtime, whose description then says why.
 * @throws {UnavailableError} when OpenVINO is asked for and not there, or not right
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
  if (engine === 'onnxruntime' || device !== 'cpu' || precision === 'f32') return onnxRuntime();
  if (precision === undefined && !hasBf16()) {
    return noted(await onnxRuntime(), `openvino: ${noBf16}`);
  }
  const started = await startOpenVino(options);
  if ('engine' in started) return started.engine;
  return noted(await onnxRuntime(), `openvino: ${started.reason}`);
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
