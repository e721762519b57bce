/** I/O: an engine whose work is done by other machines. The hashes of weight files are read here. */
import { stat } from 'node:fs/promises';
import { fingerprintFile } from '../disk/fingerprint.ts';
import { unread } from '../disk/words.ts';
import { ClosedError, InternalError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { inputsUsed, weightsUsed } from '../graph/onnx.ts';
import type { CompileOptions, Engine, Session, State } from '../runtime/engine.ts';
import { checkFeeds, type Feeds } from '../runtime/feeds.ts';
import type { Plain } from '../runtime/plain.ts';
import { noWeights, numberOf } from '../runtime/weight-source.ts';
import type { Tensor } from '../tensor.ts';
import { encode } from './codec.ts';
import { graphToPlain, type WeightPlace } from './graph.ts';
import type { Holdings } from './holdings.ts';
import type { Jobs } from './jobs.ts';
import type { WeightFile, WorkerCard } from './protocol.ts';

/** What the engine is made over. */
interface Parts {
  readonly jobs: Jobs;
  readonly holdings: Holdings;
  /** Whose traits the engine has. */
  readonly worker: WorkerCard;
  /** Workers that serve now. */
  readonly lanes: () => number;
  readonly rowsPerRun?: number | undefined;
  /** A file that the graphs need. */
  readonly onFile: (file: WeightFile) => void;
  close(): Promise<void>;
}

/** What a session is elsewhere. */
interface Published {
  /** Of its graph. */
  readonly name: string;
  /** Of all that it needs. */
  readonly needs: readonly string[];
  readonly kind: string;
}

/** Of what was written to a state: the names of its tensors, and of the blob that they are in. */
interface Write {
  readonly blob: string;
  readonly tensors: readonly string[];
}

/** An engine over jobs: a graph is published once, what is written to a state is a new version of it. */
export function engineOfJobs(parts: Parts): Engine {
  const { jobs, holdings, worker, lanes, rowsPerRun, onFile, close } = parts;
  const sessions = new WeakMap<Session, Published>();
  const states = new WeakMap<State, Write[]>();
  const filesOf = fileHashes(onFile);
  let stateIds = 0;
  let closed = false;
  const checkOpen = () => {
    if (closed) throw new ClosedError('the engine is closed');
  };
  const publishedOf = (session: Session): Published => {
    const published = sessions.get(session);
    if (!published) throw new InternalError('run: the session is closed, or of another engine');
    return published;
  };
  const blobsOf = (state: State): string[] => {
    const writes = states.get(state);
    if (!writes) throw new InternalError('run: the state is closed, or of another engine');
    return writes.map(({ blob }) => blob);
  };
  const task = (kind: string, used: readonly Session[], read: readonly State[], args: Plain) => {
    const published = used.map(publishedOf);
    const versions = read.map(blobsOf);
    const needs = [...new Set([...published.flatMap((one) => one.needs), ...versions.flat()])];
    return { kind, sessions: published.map(({ name }) => name), states: versions, needs, args };
  };
  const write = (state: State, tensors: Feeds) => {
    const names = Object.keys(tensors);
    if (names.length === 0) return;
    const blob = holdings.hold(encode(tensors as Plain));
    const before = states.get(state) ?? [];
    const covered = ({ tensors: old }: Write) => old.every((name) => name in tensors);
    states.set(state, [...before.filter((one) => !covered(one)), { blob, tensors: names }]);
    holdings.release(before.filter(covered).map((one) => one.blob));
  };
  const { library, device, precision, apart } = worker;
  return {
    name: 'machines',
    precisions: [precision],
    ...{ library, device, precision, apart },
    memory: 'workers',
    description: `workers on ${worker.engine}`,
    get lanes() {
      return Math.max(1, lanes());
    },
    rowsPerRun,
    async compile(graph, options = {}) {
      checkOpen();
      const published = await publish(graph, options, { holdings, filesOf });
      const inputs = inputsUsed(graph);
      const keeps = Object.keys({ ...options.keep, ...options.append }).length > 0;
      const session: Session = {
        inputs,
        ownBytes: 0,
        async run(feeds, ...from) {
          checkOpen();
          checkFeeds(graph, feeds);
          if (keeps) throw new InternalError('run: what a run keeps is kept by a routine alone');
          const one = task(published.kind, [session], from, feeds as Plain);
          return (await jobs.do(one)) as unknown as Record<string, Tensor>;
        },
        async close() {
          if (sessions.delete(session)) holdings.release(published.needs);
        },
      };
      sessions.set(session, published);
      return session;
    },
    async state(tensors = {}) {
      checkOpen();
      const refuse = async () => {
        throw new InternalError('state: rows are kept and left out by a routine alone');
      };
      const state: State = {
        id: stateIds++,
        async write(more) {
          checkOpen();
          if (!states.has(state)) throw new InternalError('state: it is closed');
          write(state, more);
        },
        reserve: refuse,
        select: refuse,
        async close() {
          const writes = states.get(state) ?? [];
          if (states.delete(state)) holdings.release(writes.map(({ blob }) => blob));
        },
      };
      states.set(state, []);
      write(state, tensors);
      return state;
    },
    async call(routine, args, refs, signal) {
      checkOpen();
      const one = task(routine, refs.sessions, refs.states, args);
      return jobs.do({ ...one, routine, ...(signal && { signal }) });
    },
    async close() {
      if (closed) return;
      closed = true;
      await close();
    },
  };
}

interface Publishing {
  readonly holdings: Holdings;
  readonly filesOf: (file: string) => Promise<string>;
}

/** Makes of a graph what another machine can compile; nothing is sent before it is used. */
async function publish(
  graph: Graph,
  { weights = noWeights, ...options }: CompileOptions,
  { holdings, filesOf }: Publishing,
): Promise<Published> {
  const places = new Map<string, WeightPlace>();
  const loose: string[] = [];
  for (const name of weightsUsed(graph)) {
    const shape = graph.weights.get(name)!.shape as number[];
    const location = weights.locate?.(name, shape);
    if (location) {
      // what else is known of it, such as its shape, is not told
      const { file, offset, length, dtype, strides } = location;
      const place = { offset, length, dtype, ...(strides && { strides }) };
      places.set(name, { ...place, sha256: await filesOf(file) });
    } else {
      const blob = holdings.hold(encode(await weights.read(name, shape)));
      loose.push(blob);
      places.set(name, { blob });
    }
  }
  const plain = graphToPlain({ graph, weights: places, source: numberOf(weights), options });
  const name = holdings.hold(encode(plain));
  return { name, needs: [name, ...loose], kind: options.name ?? 'graph' };
}

/** SHA-256 of files, each read once. */
function fileHashes(onFile: (file: WeightFile) => void): (path: string) => Promise<string> {
  const known = new Map<string, Promise<string>>();
  return (path) => {
    const hash = known.get(path) ?? hashed(path, onFile);
    known.set(path, hash);
    return hash;
  };
}

async function hashed(path: string, onFile: (file: WeightFile) => void): Promise<string> {
  const { size } = await stat(path).catch((cause) => {
    throw unread(path, cause);
  });
  const sha256 = await fingerprintFile(path);
  const parts = path.split(/[\\/]/);
  onFile({ sha256, name: parts.slice(-2).join('/'), bytes: size });
  return sha256;
}
