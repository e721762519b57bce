/** Fetches OpenVINO's libraries and puts them where the engine looks. I/O. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { unwritable } from '../disk/words.ts';
import { InputError } from '../errors.ts';
import { dataFolder, libraryIn } from '../runtime/openvino-files.ts';
import { type DownloadOptions, downloadWheel } from './download.ts';
import { unpackLibraries } from './unpack.ts';
import { checkVersion, testedVersion } from './wheels.ts';

export interface SetupOptions extends Partial<DownloadOptions> {
  /** Folder for the libraries. @default `openvino-<version>` in tactful's data folder */
  readonly target?: string | undefined;
  readonly signal: AbortSignal;
}

export type SetupEvent =
  /** In bytes; a total of 0 is not known. */
  | { type: 'progress'; doing: 'download' | 'unpack'; done: number; total: number }
  /** `known`: it was there before. */
  | { type: 'done'; version: string; library: string; known: boolean };

/** Bytes that the wheel and its libraries take together. */
const unpacked = 250e6;

/** Where a package index is, when nothing else is said. */
const pypi = 'https://pypi.org/simple';

/**
 * Fetches the wheel for this machine, checks its sha256, and unpacks its libraries. The folder is
 * there whole or not at all.
 * @throws {UnavailableError} when there is no way to the index, no wheel for this machine, no room
 * @throws {InputError} when the wheel is not what it should be, or the folder holds something else
 */
export async function* setupOpenVino(options: SetupOptions): AsyncGenerator<SetupEvent> {
  const { version = testedVersion, signal } = options;
  checkVersion(version);
  const target = resolve(options.target ?? join(dataFolder(), `openvino-${version}`));
  const there = await libraryIn(target);
  const names = await readdir(target).catch((): string[] => []);
  // versions of tactful before had models of another format, and left this one's reader out
  const isWhole = names.some((name) => /openvino_ir_frontend/.test(name));
  if (there !== undefined && (isWhole || dirname(there) !== target)) {
    yield { type: 'done', version, library: there, known: true };
    return;
  }
  if (there === undefined && names.length > 0) {
    const remedy = 'Choose another `target`.';
    throw new InputError(target, 'a new or an empty folder', `${names.length} entries`, remedy);
  }
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
  try {
    await mkdir(temporary, { recursive: true });
    const wheel = yield* told(
      'download',
      downloadWheel(temporary, {
        version,
        platform: options.platform ?? platformHere(),
        index: options.index ?? (process.env.PIP_INDEX_URL || pypi),
        python: 'python' in options ? options.python : pythonHere(),
        pauses: options.pauses,
        env: options.env,
        signal,
      }),
    );
    yield* told('unpack', unpackLibraries(wheel, temporary));
    signal.throwIfAborted();
    await unlink(wheel);
    if (there !== undefined) await rm(target, { recursive: true });
    await rename(temporary, target);
  } catch (error) {
    throw unwritable(error, { path: target, instead: 'choose another `target`', bytes: unpacked });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  yield { type: 'done', version, library: (await libraryIn(target))!, known: false };
}

/** Progress as events; what it ends with. */
async function* told<T>(
  doing: 'download' | 'unpack',
  steps: AsyncGenerator<{ done: number; total: number }, T>,
): AsyncGenerator<SetupEvent, T> {
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value;
    yield { type: 'progress', doing, ...step.value };
  }
}

/** @throws {UnavailableError} on Linux without glibc, for which there is no wheel */
function platformHere(): string {
  const platform = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') return platform;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime ? platform : `${platform} without glibc`;
}

function pythonHere(): string {
  return process.platform === 'win32' ? 'python' : 'python3';
}
