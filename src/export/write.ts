/** Writes the files of exported models, tensor by tensor. I/O. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { InternalError } from '../errors.ts';
import type { ExportedModel } from '../family/exported-model.ts';
import { type ExportDType, precisionOf, suffixes } from './dtypes.ts';
import { bytesOf, modelFile, type Part } from './model-file.ts';
import type { LoadWeight } from './stored.ts';

/** What a writing tells, and what ends it. */
export interface WriteOptions {
  /** Checked before each tensor; an abort is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each tensor with the number of bytes that it added. */
  readonly onBytes?: (bytes: number) => void;
  /** Most bytes of a model's file; above, its weights lie beside. @default 2e9 */
  readonly limit?: number;
}

/** A model's files that are yet to be written. */
export interface ModelFiles {
  readonly bytes: number;
  /** Name without folder, and whether its weights lie in `<name>_data`. */
  readonly name: string;
  readonly isExternal: boolean;
  write(folder: string, options?: WriteOptions): Promise<void>;
}

/** The files of a model in one number format: `<name><suffix>.onnx`, and for a large one its weights. */
export function modelFiles(
  base: string,
  model: ExportedModel,
  { dtype, load, limit }: { dtype: ExportDType; load: LoadWeight; limit?: number | undefined },
): ModelFiles {
  const name = `${base}${suffixes[dtype]}.onnx`;
  const dataFile = `${name}_data`;
  const { parts, external } = modelFile(model, {
    precision: precisionOf[dtype],
    load,
    dataFile,
    ...(limit !== undefined && { limit }),
  });
  return {
    bytes: bytesOf(parts) + bytesOf(external),
    name,
    isExternal: external.length > 0,
    async write(folder, options) {
      if (external.length > 0) await writeParts(join(folder, dataFile), external, options);
      await writeParts(join(folder, name), parts, options);
    },
  };
}

async function writeParts(
  path: string,
  parts: readonly Part[],
  { signal, onBytes }: WriteOptions = {},
): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (const part of parts) {
      signal?.throwIfAborted();
      const bytes = part instanceof Uint8Array ? part : await part.load();
      if (bytes.byteLength !== part.length) {
        throw new InternalError(`${path}: ${part.length} bytes, got ${bytes.byteLength}`);
      }
      await file.appendFile(bytes);
      onBytes?.(bytes.byteLength);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
