/** I/O: a worker: serves the oldest run that it may, over Redis. */
import { hostname } from 'node:os';
import { setTimeout as after } from 'node:timers/promises';
import { version } from '../disk/version.ts';
import { cpuModel } from '../runtime/cpu.ts';
import type { Engine } from '../runtime/engine.ts';
import { folderBlobs, redisBlobs } from './blobs.ts';
import { computer, noFile, RefusedError } from './compute.ts';
import { doJob, isBroken } from './doing.ts';
import type { PostOffice } from './post.ts';
import { defaultPrefix, newId, protocol, type RunCard, type WorkerCard } from './protocol.ts';
import { type QueueTimes, type Serving, serveQueue } from './queue.ts';
import { type Connection, connect, place } from './redis.ts';
import { openRegistry } from './registry.ts';

/** What a worker tells of its work. */
export type WorkerEvent =
  | { readonly type: 'serving' | 'left'; readonly run: RunCard }
  | { readonly type: 'refused'; readonly run: RunCard; readonly why: string }
  | { readonly type: 'trouble'; readonly says: string }
  /** What it tells of itself, again and again. */
  | { readonly type: 'alive'; readonly card: WorkerCard };

export interface WorkerOptions {
  /** Of Redis: see `connect`. */
  readonly redis: string;
  /** @default 'tactful' */
  readonly prefix?: string | undefined;
  /** A folder that all machines see. @default none: runs that use one are refused */
  readonly shared?: string | undefined;
  /** Computes. Its owner closes it. */
  readonly engine: Engine;
  /** What the self-test comes to on it. */
  readonly bits: string;
  /** Where a file of weights lies, among the models that it was allowed. */
  readonly fileOf: (sha256: string) => Promise<string | undefined>;
  /** Those models, for people. */
  readonly models: readonly string[];
  /** @default the machine's */
  readonly name?: string | undefined;
  /** How long a server that is not there is waited for at the start, in milliseconds. @default 600,000 */
  readonly patience?: number;
  /** Ends it, after the job under way. */
  readonly signal: AbortSignal;
  readonly onEvent?: (event: WorkerEvent) => void;
  readonly times?: QueueTimes & {
    /** How often it tells of itself and looks for runs. @default 1000 */
    readonly look?: number;
    /** After which it counts as gone when it is silent. @default 10,000 */
    readonly silent?: number;
  };
}

/** A run that is served. */
interface Attached {
  readonly run: RunCard;
  /** Takes no more jobs and lets go of all that the run needed; waits for the job under way. */
  leave(isGone?: boolean): Promise<void>;
}

/**
 * Serves runs until it is told to end.
 * @throws {UnavailableError} when there is no Redis, or it is not to be used
 */
export async function serveRuns(options: WorkerOptions): Promise<void> {
  const { redis, prefix = defaultPrefix, signal, onEvent = () => {}, times = {}, bits } = options;
  const connection = await connect(redis, {
    ...{ name: 'tactful worker', signal },
    patience: options.patience ?? 600_000,
  });
  const { silent = 10_000 } = times;
  const seconds = Math.ceil(silent / 1000);
  const registry = openRegistry(connection, { prefix, seconds });
  const self = newSelf(options);
  const refused = new Map<string, { readonly why: string; readonly files: number }>();
  let attached: Attached | undefined;
  let leaving: string | undefined;
  let goneSince: number | undefined;

  const tell = (state: WorkerCard['state'] = self.isWorking() ? 'working' : 'idle') => {
    const card: WorkerCard = {
      ...self.card(),
      state,
      run: attached?.run.id ?? null,
      refused: [...refused].map(([run, { why }]) => ({ run, why })).slice(-20),
    };
    onEvent({ type: 'alive', card });
    return registry.tellWorker(card);
  };

  const refuse = (run: RunCard, why: string) => {
    if (refused.get(run.id)?.why !== why) onEvent({ type: 'refused', run, why });
    refused.set(run.id, { why, files: run.files.length });
  };

  /** Why a run is not served; undefined: it is. */
  const against = async (run: RunCard): Promise<string | undefined> => {
    if (run.protocol !== protocol || run.tactful !== version) {
      return `the run is tactful ${run.tactful}, the worker ${version}`;
    }
    if (!run.mixed && run.bits !== bits) return 'it gives other bits than the run has';
    if (run.shared && options.shared === undefined) {
      return 'the run needs a folder that all see: --shared';
    }
    for (const { sha256, name } of run.files) {
      if ((await options.fileOf(sha256)) === undefined) return noFile(sha256, name);
    }
    return undefined;
  };

  const choose = async (runs: readonly RunCard[]): Promise<RunCard | undefined> => {
    for (const run of runs) {
      if (run.bits === null) continue; // its driver has not seen its first worker yet
      const known = refused.get(run.id);
      if (known?.files === run.files.length) continue;
      const why = await against(run);
      if (why === undefined) {
        refused.delete(run.id);
        return run;
      }
      refuse(run, why);
    }
    return undefined;
  };

  const attach = async (run: RunCard): Promise<Attached> => {
    const office = await openOffice(connection, options, run);
    const compute = computer({
      engine: options.engine,
      blobs: office.blobs,
      fileOf: options.fileOf,
    });
    const stop = new AbortController();
    let serving: Serving | undefined;
    const work = async (data: unknown): Promise<string> => {
      const doing = { office, compute, id: self.id, signal: stop.signal };
      const { id, failure } = await self.during(() => doJob(data, doing));
      if (failure instanceof RefusedError) refuse(run, failure.message);
      if (isBroken(failure)) self.broken = failure;
      if (failure instanceof RefusedError || self.broken) {
        leaving = run.id;
        void serving?.close(); // takes no more
      }
      return id;
    };
    serving = await serveQueue(connection, { prefix, run: run.id }, work, {
      times,
      onError: (error) => onEvent({ type: 'trouble', says: error.message }),
    });
    onEvent({ type: 'serving', run });
    return {
      run,
      async leave(isGone) {
        stop.abort();
        await serving.close(isGone);
        await compute.close();
        onEvent({ type: 'left', run });
      },
    };
  };

  const leave = async () => {
    const left = attached;
    [attached, leaving, goneSince] = [undefined, undefined, undefined];
    await left?.leave();
  };

  /**
   * Lets go of a run whose driver is silent, and takes what a killed one has left off the server. Not at
   * once where nobody else waits: the server may have lost its data, and will be told again.
   */
  const followRuns = async (runs: readonly RunCard[]) => {
    if (!attached) return;
    const { run } = attached;
    if (leaving === run.id) return leave();
    if (runs.some(({ id }) => id === run.id)) {
      goneSince = undefined;
      return;
    }
    goneSince ??= performance.now();
    if (runs.length === 0 && performance.now() - goneSince < silent) return;
    await leave();
    await registry.forgetRun(run.id);
  };

  const once = async () => {
    const runs = await registry.runs();
    for (const id of refused.keys()) if (runs.every((run) => run.id !== id)) refused.delete(id);
    await followRuns(runs);
    const run = attached ? undefined : await choose(runs);
    if (!run || signal.aborted) return;
    attached = await attach(run);
    await tell();
  };

  const trouble = (error: unknown) => {
    onEvent({ type: 'trouble', says: error instanceof Error ? error.message : String(error) });
  };
  const look = times.look ?? 1000;
  // by itself: looking through models and a last long job take longer than it may be silent
  const heart = setInterval(() => void tell().catch(trouble), look);
  // what is asked of a server that is gone waits for it for ever, closing the connection included
  let part = () => {};
  const parted = new Promise<void>((resolve) => {
    part = () => signal.aborted && connection.status !== 'ready' && resolve();
  });
  signal.addEventListener('abort', part);
  connection.on('close', part);
  try {
    await Promise.race([tell(), parted]);
    while (!signal.aborted && !self.broken) {
      await Promise.race([once().catch(trouble), parted]);
      await after(look, undefined, { signal }).catch(() => {});
    }
    if (self.broken) throw self.broken;
  } finally {
    clearInterval(heart);
    const parting = async () => {
      await tell('stopping');
      await attached?.leave();
      await registry.forgetWorker(self.id);
    };
    await Promise.race([parting().catch(trouble), parted]);
    if (connection.status !== 'ready') void attached?.leave(true).catch(() => {});
    signal.removeEventListener('abort', part);
    connection.disconnect();
  }
}

async function openOffice(
  connection: Connection,
  { redis, prefix = defaultPrefix, shared }: WorkerOptions,
  run: RunCard,
): Promise<PostOffice> {
  const where = place(redis);
  const isShared = run.shared && shared !== undefined;
  const blobs = isShared
    ? await folderBlobs(shared, { prefix, run: run.id })
    : redisBlobs(connection, where, { prefix, run: run.id });
  return { connection, place: where, blobs, shared: isShared, prefix, run: run.id };
}

/** What a worker knows of itself. */
function newSelf({ engine, bits, models, name = hostname() }: WorkerOptions) {
  const id = newId();
  const started = new Date().toISOString();
  /** Times of the last minute in which it worked. */
  let spans: { readonly from: number; readonly to: number }[] = [];
  let since: number | undefined;
  let jobs = 0;
  const busy = () => {
    const now = performance.now();
    const start = Math.max(0, now - 60_000);
    spans = spans.filter(({ to }) => to > start);
    const all = since === undefined ? spans : [...spans, { from: since, to: now }];
    const sum = all.reduce((total, { from, to }) => total + to - Math.max(from, start), 0);
    return Math.min(1, sum / Math.max(1, now - start));
  };
  return {
    id,
    /** Why it cannot go on. */
    broken: undefined as Error | undefined,
    isWorking: () => since !== undefined,
    /** Counts a job. */
    async during<T>(work: () => Promise<T>): Promise<T> {
      since = performance.now();
      try {
        return await work();
      } finally {
        spans.push({ from: since, to: performance.now() });
        since = undefined;
        jobs++;
      }
    },
    card(): WorkerCard {
      const { description, library, device, precision, apart } = engine;
      return {
        ...{ protocol, tactful: version, id, name, host: hostname(), pid: process.pid, started },
        ...{ engine: description, library, device, precision, apart, cpu: cpuModel(), bits },
        models: [...models],
        ...{ state: 'idle', run: null, jobs, busy: busy(), refused: [] },
        rss: process.memoryUsage.rss(),
      };
    },
  };
}
