/** I/O: what there is of OpenVINO on this machine. */
import { cpuModel, hasBf16 } from './cpu.ts';
import { fastest } from './openvino-choice.ts';
import { findOpenVino } from './openvino-files.ts';
import { startWorker } from './remote.ts';
import { trust } from './trust.ts';

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
  const { precision, note } = { note: undefined, ...fastest(undefined) };
  try {
    const engine = await startWorker({ engine: 'openvino', library, precision });
    const { passed, text } = await trust(engine, { precision, again: true });
    await engine.close();
    const description = note ? `${engine.description} (${note})` : engine.description;
    return { ...machine, library, engine: description, passed, text };
  } catch (error) {
    return { ...machine, library, passed: false, text: (error as Error).message };
  }
}
