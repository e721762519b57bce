/** I/O: many machines as one engine: the driver's side of a run on Redis. */
import { hostname } from 'node:os';
import { setTimeout as after } from 'node:timers/promises';
import { version } from '../disk/version.ts';
import { UnavailableError } from '../errors.ts';
import type { Engine } from '../runtime/engine.ts';
import { dropFolderBlobs, folderBlobs, redisBlobs } from './blobs.ts';
import { engineOfJobs } from './driver.ts';
import { holdings } from './holdings.ts';
import { openJobs } from './jobs.ts';
import { listen, type PostOffice } from './post.ts';
import {
  defaultPrefix,
  newId,
  protocol,
  type RunCard,
  type WeightFile,
  type WorkerCard,
} from './protocol.ts';
import { type JobQueue, openQueue } from './queue.ts';
import { connect, demandSpace, explain, place } from './redis.ts';
import { openRegistry } from './registry.ts';
import { type Count, type Counted, newTally } from './tally.ts';

/** What happened that a person may want to know; all of it goes on by itself. */
export type MachinesEvent =
  | { readonly type: 'waiting'; readonly for: 'workers' | 'redis'; readonly why: string }
  | { readonly type: 'joined' | 'left'; readonly worker: string }
  | { readonly type: 'refused'; readonly worker: string; readonly why: string }
  | { readonly type: 'trouble'; readonly says: string }
  | { readonly type: 'restored'; readonly jobs: number };

/** Waits of tests are shorter. In milliseconds. */
export interface MachinesTimes {
  /** How often is looked at what was not told. @default 1000 */
  readonly look?: number;
  /** Least time after which a job that a worker has counts as hanging. @default 120,000 */
  readonly hanging?: number;
  /** After which who is silent counts as gone. @default 10,000 */
  readonly silent?: number;
}

export interface MachinesOptions extends Pick<Engine, 'rowsPerRun'> {
  /** Of Redis: see `connect`. */
  readonly redis: string;
  /** What all keys begin with. @default 'tactful' */
  readonly prefix?: string | undefined;
  /** A folder that all machines see: large data goes through it. @default through Redis */
  readonly shared?: string | undefined;
  /** Whether workers may give other bits. @default false */
  readonly mixed?: boolean;
  /** Bits that the run has so far. @default those of the first worker */
  readonly bits?: string | undefined;
  /** What runs, for people. */
  readonly name: string;
  /** How long is waited for a server or workers that are not there, in milliseconds. @default 600,000 */
  readonly patience?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: MachinesEvent) => void;
  readonly times?: MachinesTimes;
}

/** What is going on, for people. */
export interface MachinesStatus {
  /** Those that serve the run, and what they did of it. */
  readonly workers: readonly (WorkerCard & { readonly done: Count | undefined })[];
  /** Jobs that wait for a worker, and those that one has. */
  readonly waiting: number;
  readonly active: number;
  /** Bytes of graphs and of what was written to states. */
  readonly bytesPublished: number;
}

/** Other machines as one engine. */
export interface Machines {
  readonly engine: Engine;
  /** Identity of the run, as workers show it. */
  readonly run: string;
  /** What the self-test comes to on its workers: a run that is resumed wants the same. */
  readonly bits: string;
  /** Of the run so far. */
  readonly counted: Counted;
  status(): Promise<MachinesStatus>;
}

/**
 * Announces a run, and waits for the first worker that may serve it. The engine's `close` takes all of
 * the run off the server.
 * @throws {UnavailableError} when the server or a worker is not there for as long as `patience`; so do
 *   runs of the engine later: what was done so far can be resumed
 */
export async function openMachines(options: MachinesOptions): Promise<Machines> {
  const { redis, prefix = defaultPrefix, shared, mixed = false, patience = 600_000 } = options;
  const { signal, times = {}, onEvent = () => {} } = options;
  const where = place(redis);
  const connection = await connect(redis, { name: 'tactful driver', signal });
  const run = newId();
  const seconds = Math.ceil((times.silent ?? 10_000) / 1000);
  const registry = openRegistry(connection, { prefix, seconds });
  const card = newCard(run, options);
  let isOpen = true;
  const trouble = (error: unknown) => {
    if (!isOpen) return; // what was under way ends with the connection
    onEvent({ type: 'trouble', says: error instanceof Error ? error.message : String(error) });
  };
  let queue: JobQueue | undefined;
  let listener: { close(): void } | undefined;
  const leave = async () => {
    isOpen = false;
    listener?.close();
    const patience = connection.status === 'ready' ? 10_000 : 500;
    const tidied = (async () => {
      await queue?.destroy();
      await registry.forgetRun(run);
      await queue?.close();
    })().catch(trouble);
    const over = new AbortController();
    const { signal } = over;
    await Promise.race([tidied, after(patience, undefined, { signal }).catch(() => {})]);
    over.abort(); // the process need not wait for what is left of it
    connection.disconnect();
    if (shared !== undefined) await dropFolderBlobs(shared, { prefix, run }).catch(trouble);
  };
  try {
    await demandSpace(connection, where);
    await registry.tellRun(card);
    const crew = newCrew(card, { mixed, onEvent });
    const worker = await firstWorker();
    card.bits ??= worker.bits;
    await registry.tellRun(card);
    const { bits } = card;
    const blobs =
      shared === undefined
        ? redisBlobs(connection, where, { prefix, run })
        : await folderBlobs(shared, { prefix, run });
    const office: PostOffice = {
      ...{ connection, place: where, blobs, prefix, run },
      shared: shared !== undefined,
    };
    queue = await openQueue(connection, { prefix, run }, () => {});
    const held = holdings(blobs, trouble);
    const tally = newTally();
    const jobs = openJobs({
      ...{ office, queue, holdings: held, tally, version },
      times: { patience, ...(times.hanging !== undefined && { hanging: times.hanging }) },
      onRefused: crew.refused,
      onTrouble: trouble,
    });
    listener = await listen(office, jobs.heard, () => void jobs.look().catch(trouble));
    const heart = beat();
    const engine = engineOfJobs({
      ...{ jobs, holdings: held, worker, rowsPerRun: options.rowsPerRun },
      lanes: () => crew.serving.length,
      onFile: (file: WeightFile) => {
        if (card.files.every(({ sha256 }) => sha256 !== file.sha256)) card.files.push(file);
      },
      async close() {
        heart.stop();
        jobs.fail(new UnavailableError('engine', 'one that is open', 'one that was closed'));
        await leave();
      },
    });
    return {
      ...{ engine, run, bits, counted: tally },
      async status() {
        const { waiting, active } = await queue!.counts();
        const workers = crew.serving.map((one) => ({ ...one, done: tally.workers.get(one.id) }));
        return { workers, waiting, active, bytesPublished: held.bytesSent };
      },
    };

    /** The oldest that may serve. */
    async function firstWorker(): Promise<WorkerCard> {
      const until = performance.now() + patience;
      for (let told = false; ; told = true) {
        signal?.throwIfAborted();
        // one that was killed is listed for a while: its bits are not to be the run's
        crew.seen(await registry.workers(true));
        const [first] = crew.able;
        if (first) return first;
        if (!told) onEvent({ type: 'waiting', for: 'workers', why: `none at ${where}` });
        if (performance.now() > until) throw nobody(where, patience, crew.reasons);
        await after(Math.min(times.look ?? 1000, 1000), undefined, { signal }).catch(() => {});
        await registry.tellRun(card);
      }
    }

    /** Tells that the run lives, and looks at what nobody told. */
    function beat(): { stop(): void } {
      const interval = times.look ?? 1000;
      // milliseconds in which this process was awake; who waits for its turn is alone, but not forsaken
      let [alone, forsaken, gone] = [0, 0, 0];
      let busy = false;
      let last: unknown;
      const once = async () => {
        const known = await registry.knows(run);
        await registry.tellRun(card);
        gone = 0;
        if (!known) {
          onEvent({ type: 'restored', jobs: jobs.open });
          jobs.restore();
        }
        crew.seen(await registry.workers());
        if (crew.serving.length > 0) alone = 0;
        if (crew.serving.length > 0 || crew.isQueued) forsaken = 0;
        if (known) await jobs.look();
      };
      const onError = (error: unknown) => {
        last = error;
      };
      connection.on('error', onError);
      const timer = setInterval(() => {
        alone += interval;
        forsaken += interval;
        gone += interval;
        const limit = signal?.aborted ? Math.min(patience, 5 * interval) : patience; // who ends waits for nobody
        if (gone > limit) return give(explain(last, where));
        const without = signal?.aborted ? alone : forsaken;
        if (without > limit && jobs.open > 0) return give(nobody(where, patience, crew.reasons));
        if (gone === 5 * interval) {
          onEvent({ type: 'waiting', for: 'redis', why: explain(last, where).message });
        }
        if (alone === 5 * interval && gone <= interval) {
          const first = crew.isQueued ? ', another run goes first' : '';
          const why = `none at ${where} serves the run${first}`;
          onEvent({ type: 'waiting', for: 'workers', why });
        }
        if (busy) return;
        busy = true;
        once()
          .catch((error) => {
            last = error;
            trouble(explain(error, where));
          })
          .finally(() => {
            busy = false;
          });
      }, interval);
      const stop = () => {
        clearInterval(timer);
        connection.off('error', onError);
      };
      const give = (error: UnavailableError) => {
        stop();
        jobs.fail(error);
      };
      return { stop };
    }
  } catch (error) {
    await leave();
    throw error;
  }
}

function newCard(run: string, { name, mixed = false, bits, shared }: MachinesOptions) {
  const card: RunCard & { bits: string | null; files: WeightFile[] } = {
    ...{ protocol, tactful: version, id: run, name, host: hostname(), pid: process.pid },
    started: new Date().toISOString(),
    ...{ bits: bits ?? null, mixed, shared: shared !== undefined, files: [] },
  };
  return card;
}

/** Who is there, as far as it matters to a run. */
function newCrew(
  card: RunCard,
  { mixed, onEvent }: { mixed: boolean; onEvent: (event: MachinesEvent) => void },
) {
  let there: readonly WorkerCard[] = [];
  let serving: readonly WorkerCard[] = [];
  const refusals = new Map<string, string>();
  const nameOf = ({ name, host }: WorkerCard) => (name === host ? name : `${name} on ${host}`);
  const refuse = (worker: string, why: string) => {
    if (refusals.get(worker) === why) return;
    refusals.set(worker, why);
    const known = there.find(({ id }) => id === worker);
    onEvent({ type: 'refused', worker: known ? nameOf(known) : worker, why });
  };
  /** Why a worker cannot serve; undefined: it can. */
  const against = (worker: WorkerCard): string | undefined => {
    if (worker.protocol !== card.protocol || worker.tactful !== card.tactful) {
      return `it is tactful ${worker.tactful}, this is ${card.tactful}`;
    }
    if (card.bits !== null && !mixed && worker.bits !== card.bits) {
      return `it gives other bits (${worker.engine.replace(/ \(.*\)$/, '')}, ${worker.cpu}), as another engine, CPU or number of threads may; \`mixed\` takes it`;
    }
    return worker.refused.find(({ run }) => run === card.id)?.why;
  };
  return {
    seen(workers: readonly WorkerCard[]) {
      const now = workers.filter(({ run, state }) => run === card.id && state !== 'stopping');
      const ids = (cards: readonly WorkerCard[]) => new Set(cards.map(({ id }) => id));
      const [before, after] = [ids(serving), ids(now)];
      for (const one of now) {
        if (!before.has(one.id)) onEvent({ type: 'joined', worker: nameOf(one) });
      }
      for (const one of serving) {
        if (!after.has(one.id)) onEvent({ type: 'left', worker: nameOf(one) });
      }
      [there, serving] = [workers, now];
      for (const one of workers) {
        const why = against(one);
        if (why !== undefined) refuse(one.id, why);
        else refusals.delete(one.id);
      }
    },
    refused: refuse,
    get serving() {
      return serving;
    },
    /** Those that may serve, the oldest first. */
    get able() {
      return there.filter((one) => one.state !== 'stopping' && against(one) === undefined);
    },
    /** Whether some that may serve it serve another run before. */
    get isQueued() {
      return this.able.some(({ run }) => run !== null && run !== card.id);
    },
    /** Why those that are there do not serve. */
    get reasons() {
      return there.flatMap((one) => {
        const elsewhere = one.run !== null && one.run !== card.id;
        const why = refusals.get(one.id) ?? (elsewhere ? 'it serves another run' : undefined);
        return why === undefined ? [] : [`${nameOf(one)}: ${why}`];
      });
    },
  };
}

/** Nobody is there to work, or nobody who may. */
function nobody(where: string, patience: number, reasons: readonly string[]): UnavailableError {
  const minutes = patience < 60_000 ? `${patience / 1000} s` : `${patience / 60_000} min`;
  const why = reasons.length > 0 ? `, but those that do not: ${reasons.join('; ')}` : '';
  const remedy = 'Start one: tactful worker --redis URL. What was done so far can be resumed.';
  const expected = 'a worker that serves this run';
  return new UnavailableError(where, expected, `none for ${minutes}${why}`, remedy);
}
