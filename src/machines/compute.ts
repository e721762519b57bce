/** A worker's side of jobs: graphs and states that it has, on an engine of its own. */
import { InputError, InternalError } from '../errors.ts';
import { routines } from '../model/routines.ts';
import type { Engine, Session, State } from '../runtime/engine.ts';
import type { Feeds } from '../runtime/feeds.ts';
import type { Plain } from '../runtime/plain.ts';
import type { WeightSource } from '../runtime/weight-source.ts';
import { decode } from './codec.ts';
import { graphFromPlain, type WeightPlace } from './graph.ts';
import type { Blobs, Job } from './protocol.ts';

/** Blobs that a job needs are not there. */
export class MissingError extends Error {
  readonly blobs: readonly string[];
  constructor(blobs: readonly string[]) {
    super(`${blobs.length} blobs are not there, ${blobs[0].slice(0, 12)} first`);
    this.blobs = blobs;
  }
}

/** The worker may not do a job. */
export class RefusedError extends Error {}

interface ComputerOptions {
  readonly engine: Engine;
  readonly blobs: Blobs;
  /** Where a file of weights lies on this machine, among those that are allowed. */
  readonly fileOf: (sha256: string) => Promise<string | undefined>;
}

/** Does jobs of one run, one after the other. */
export interface Computer {
  /**
   * @throws {MissingError} when the driver has to send something again
   * @throws {RefusedError} when it needs what is not allowed here
   */
  do(job: Job, signal?: AbortSignal): Promise<Plain>;
  close(): Promise<void>;
}

export function computer({ engine, blobs, fileOf }: ComputerOptions): Computer {
  /** By the hash of what was published. */
  const sessions = new Map<
    string,
    { readonly session: Session; readonly needs: readonly string[] }
  >();
  /** By the hashes of what was written, one behind the other. */
  const states = new Map<string, { readonly state: State; readonly writes: readonly string[] }>();
  const sources = new Map<number, LooseWeights>();

  const blob = async (name: string): Promise<Uint8Array> => {
    const bytes = await blobs.get(name);
    if (!bytes) throw new MissingError([name]);
    return bytes;
  };

  const compile = async (name: string) => {
    const { graph, weights, source, options } = graphFromPlain(decode(await blob(name), 'graph'));
    const loose = sources.get(source) ?? looseWeights(blob);
    sources.set(source, loose);
    const files = await filesOf(weights, fileOf);
    const session = await engine.compile(graph, {
      ...options,
      weights: loose.with(weights, files),
    });
    return { session, needs: [name, ...blobsOf(weights)] };
  };

  const sessionOf = async (name: string): Promise<Session> => {
    const known = sessions.get(name);
    if (known) return known.session;
    const made = await compile(name);
    sessions.set(name, made);
    return made.session;
  };

  const stateOf = async (writes: readonly string[]): Promise<State> => {
    const key = writes.join(' ');
    const known = states.get(key);
    if (known) return known.state;
    const tensors: Feeds = Object.assign(
      {},
      ...(await Promise.all(writes.map(async (name) => decode(await blob(name), 'state')))),
    );
    const state = await engine.state(tensors);
    states.set(key, { state, writes });
    return state;
  };

  const statesOf = async (all: Job['states']): Promise<State[]> => {
    const found: State[] = [];
    for (const writes of all) found.push(await stateOf(writes));
    return found;
  };

  /** Closes what no job will ask for any more. */
  const tidy = async (alive: ReadonlySet<string>) => {
    for (const [key, { state, writes }] of states) {
      if (writes.every((name) => alive.has(name))) continue;
      states.delete(key);
      await state.close();
    }
    for (const [name, { session, needs }] of sessions) {
      if (needs.every((one) => alive.has(one))) continue;
      sessions.delete(name);
      await session.close();
    }
  };

  return {
    async do(job, signal) {
      const { args, routine } = job;
      const [bytes, read] = await Promise.all([
        'base64' in args ? Buffer.from(args.base64, 'base64') : blob(args.blob),
        statesOf(job.states),
        tidy(new Set(job.alive)),
      ]);
      const value = decode(bytes, `arguments of job ${job.index}`);
      const used: Session[] = [];
      for (const name of job.sessions) used.push(await sessionOf(name));
      if (routine === undefined) {
        if (used.length !== 1) throw new InternalError(`a run of ${used.length} graphs`);
        return (await used[0].run(value as unknown as Feeds, ...read)) as unknown as Plain;
      }
      if (!Object.hasOwn(routines, routine)) {
        throw new InputError('job', `a routine of ${Object.keys(routines).join(', ')}`, routine);
      }
      return routines[routine](engine, value, { sessions: used, states: read }, signal);
    },
    async close() {
      await tidy(new Set());
      sources.clear();
    },
  };
}

/** Weights that lie in no file; those of one source are one to the engine, which shares them. */
interface LooseWeights {
  with(weights: ReadonlyMap<string, WeightPlace>, files: ReadonlyMap<string, string>): WeightSource;
}

function looseWeights(blob: (name: string) => Promise<Uint8Array>): LooseWeights {
  const places = new Map<string, WeightPlace>();
  const known = new Map<string, string>();
  const source: WeightSource = {
    locate(name) {
      const place = places.get(name);
      if (!place || 'blob' in place) return undefined;
      const { sha256, ...rest } = place;
      return { ...rest, file: known.get(sha256)! };
    },
    async read(name) {
      const place = places.get(name);
      if (!place || !('blob' in place)) throw new InternalError(`weight "${name}" is in no blob`);
      return decode(await blob(place.blob), `weight ${name}`) as Float32Array;
    },
  };
  return {
    with(weights, files) {
      for (const [name, place] of weights) places.set(name, place);
      for (const [sha256, file] of files) known.set(sha256, file);
      return source;
    },
  };
}

function blobsOf(weights: ReadonlyMap<string, WeightPlace>): string[] {
  return [...weights.values()].flatMap((place) => ('blob' in place ? [place.blob] : []));
}

/** Where the files lie that weights are in, by their hash. */
async function filesOf(
  weights: ReadonlyMap<string, WeightPlace>,
  fileOf: (sha256: string) => Promise<string | undefined>,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const place of weights.values()) {
    if ('blob' in place || files.has(place.sha256)) continue;
    const file = await fileOf(place.sha256);
    if (file === undefined) throw new RefusedError(noFile(place.sha256));
    files.set(place.sha256, file);
  }
  return files;
}

/** What is said of weights that are not allowed here. @param name of the file, where it is known */
export function noFile(sha256: string, name = 'weights'): string {
  return `${name} (sha256 ${sha256.slice(0, 12)}…) is not among its models: --allow FOLDER or HUB-ID`;
}
