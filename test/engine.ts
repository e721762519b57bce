/**
 * The engine of tests: ONNX Runtime in the test's own thread; one thread, because test files run
 * side by side. What it compiled once it does not compile again, whoever asks: most of the suite's
 * time would go into that. A session holds nothing between runs, so that nobody can tell; states
 * and closes are each engine's own, and a session belongs to bytes, not to files that may change.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { InternalError } from '../src/errors.ts';
import type { Backend, LoadRequest, SharedWeight } from '../src/runtime/backend.ts';
import { type Engine, engineOver } from '../src/runtime/engine.ts';
import { engines, type OneEngine } from '../src/runtime/engines.ts';
import { onnxRuntimeBackend } from '../src/runtime/onnxruntime.ts';
import type { OpenOptions } from '../src/runtime/record.ts';

const shared = onnxRuntimeBackend({ threads: 1 });
/** Sessions by the bytes that they were made of. */
const compiled = new Map<string, Promise<number>>();
let states = 0;

export function testEngine(): Promise<Engine> {
  return engineOver(sharingBackend(), engines.onnxruntime);
}

/** An engine of its own in this thread, which its runs block. */
export async function openEngine(name: OneEngine, options: OpenOptions = {}): Promise<Engine> {
  return engineOver(await engines[name].open(options), engines[name]);
}

function sharingBackend(): Backend {
  const sessionIds = new Map<number, number>();
  const stateIds = new Map<number, number>();
  let count = 0;
  return {
    describe: () => shared.describe(),
    async load(request) {
      sessionIds.set(count, await sessionOf(request));
      return count++;
    },
    async run(session, feeds, from) {
      const sharedStates = from.map((state) => sharedId(stateIds, state, 'state'));
      return shared.run(sharedId(sessionIds, session, 'session'), feeds, sharedStates);
    },
    async unload(session) {
      sessionIds.delete(session);
    },
    async openState(state) {
      stateIds.set(state, states);
      await shared.openState(states++);
    },
    async writeState(state, tensors) {
      await shared.writeState(sharedId(stateIds, state, 'state'), tensors);
    },
    async reserveState(state, rows) {
      await shared.reserveState(sharedId(stateIds, state, 'state'), rows);
    },
    async selectState(state, axes, rows) {
      await shared.selectState(sharedId(stateIds, state, 'state'), axes, rows);
    },
    async dropState(state) {
      const id = stateIds.get(state);
      stateIds.delete(state);
      if (id !== undefined) await shared.dropState(id);
    },
    async close() {
      for (const state of stateIds.keys()) await this.dropState(state);
    },
  };
}

function sharedId(ids: ReadonlyMap<number, number>, id: number, what: string): number {
  const found = ids.get(id);
  if (found === undefined) throw new InternalError(`${what} ${id} is closed`);
  return found;
}

async function sessionOf(request: LoadRequest): Promise<number> {
  const { model, keep, append, prepack } = request;
  const folder = folderOf(request);
  const weights = folder === undefined ? [] : await weightFiles(folder);
  const shared = request.shared.map((weight) => ({ ...weight, place: named(weight.place) }));
  const hash = createHash('sha256')
    .update(JSON.stringify([keep, append, prepack, shared]))
    .update(model);
  for (const { name, bytes } of weights) hash.update(name).update(bytes);
  const key = hash.digest('hex');
  const session = compiled.get(key) ?? loadCopy(request, weights);
  compiled.set(key, session);
  session.catch(() => compiled.delete(key));
  return session;
}

/** Folder of the weights, as files of the model or as its inputs. */
function folderOf({ folder, shared: [first] }: LoadRequest): string | undefined {
  return folder ?? (first && 'file' in first.place ? dirname(first.place.file) : undefined);
}

/** A place without the folder: what lies there decides. */
function named(place: SharedWeight['place']) {
  return 'file' in place ? { ...place, file: basename(place.file) } : [...place.values];
}

interface WeightFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function weightFiles(folder: string): Promise<WeightFile[]> {
  const names = (await readdir(folder)).filter((name) => /\.(safetensors|bin)$/.test(name));
  return Promise.all(
    names.sort().map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })),
  );
}

/** The session reads a copy: its weights are mapped into memory, and a test may change its files. */
async function loadCopy(request: LoadRequest, weights: readonly WeightFile[]): Promise<number> {
  if (folderOf(request) === undefined) return shared.load(request);
  const folder = await mkdtemp(join(tmpdir(), 'tactful-engine-'));
  try {
    for (const { name, bytes } of weights) await writeFile(join(folder, name), bytes);
    const moved = request.shared.map(({ place, ...weight }) => ({
      ...weight,
      place: 'file' in place ? { ...place, file: join(folder, basename(place.file)) } : place,
    }));
    return await shared.load({ ...request, folder, shared: moved });
  } finally {
    await rm(folder, { recursive: true });
  }
}
