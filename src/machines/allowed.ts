/** I/O: the models that a worker may compute with, by the fingerprints of their weight files. */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprintFile } from '../disk/fingerprint.ts';
import { unread } from '../disk/words.ts';
import { UnavailableError } from '../errors.ts';

/** A model's folder, and what of it holds weights. */
export interface AllowedModel {
  readonly folder: string;
  readonly files: readonly string[];
  readonly bytes: number;
}

export interface Allowed {
  readonly models: readonly AllowedModel[];
  /** Where a file lies that still has the fingerprint; undefined where none of the models has one. */
  fileOf(sha256: string): Promise<string | undefined>;
}

/** Folders of the models that come with the package: they are allowed always. */
export async function embeddedModels(): Promise<string[]> {
  const root = fileURLToPath(new URL('../../demo', import.meta.url));
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((one) => one.isDirectory()).map(({ name }) => join(root, name));
  const files = await Promise.all(folders.map(weightFiles));
  return folders.filter((_, i) => files[i].length > 0);
}

/**
 * Reads the weight files of some folders to know them by their fingerprints.
 * @param onProgress is told how many bytes have been read, of how many
 * @throws {UnavailableError} when a folder is not there or has no weights
 */
export async function allowModels(
  folders: readonly string[],
  onProgress: (done: number, total: number) => void = () => {},
): Promise<Allowed> {
  const models = await Promise.all(folders.map(modelIn));
  const total = models.reduce((sum, { bytes }) => sum + bytes, 0);
  const known: { readonly path: string; state: string; hash: string }[] = [];
  let done = 0;
  for (const { files } of models) {
    for (const path of files) {
      onProgress(done, total);
      const { state, bytes } = await stateOf(path);
      known.push({ path, state, hash: await fingerprintFile(path) });
      done += bytes;
    }
  }
  onProgress(total, total);
  const isAsItWas = async ({ path, state }: (typeof known)[number]) =>
    (await stateOf(path).catch(() => undefined))?.state === state;
  const find = async (sha256: string) => {
    for (const file of known) {
      if (file.hash === sha256 && (await isAsItWas(file))) return file.path;
    }
    return undefined;
  };
  return {
    models,
    async fileOf(sha256) {
      const found = await find(sha256);
      if (found !== undefined) return found;
      for (const file of known) {
        const now = await stateOf(file.path).catch(() => undefined);
        if (!now || now.state === file.state) continue;
        Object.assign(file, { state: now.state, hash: await fingerprintFile(file.path) });
      }
      return find(sha256);
    },
  };
}

async function modelIn(folder: string): Promise<AllowedModel> {
  const files = await weightFiles(resolve(folder));
  if (files.length === 0) {
    const remedy = 'Name the folder of a model, or a model on the hub as owner/name.';
    throw new UnavailableError(folder, 'a folder with weights', 'one without', remedy);
  }
  const states = await Promise.all(files.map(stateOf));
  return { folder, files, bytes: states.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Files of safetensors and of torch. */
async function weightFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause) => {
    throw unread(folder, cause, 'a folder with weights');
  });
  return names
    .filter((name) => /\.(safetensors|bin|pt|pth)$/.test(name) && name !== 'training_args.bin')
    .sort()
    .map((name) => join(folder, name));
}

/** What changes when a file does. */
async function stateOf(path: string): Promise<{ readonly state: string; readonly bytes: number }> {
  const { size, mtimeMs, ino } = await stat(path).catch((cause) => {
    throw unread(path, cause);
  });
  return { state: `${size} ${mtimeMs} ${ino}`, bytes: size };
}
