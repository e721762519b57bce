/** The driver's jobs: given out, waited for, given out again. Each has one answer, however often it is done. */
import { InputError, InternalError, UnavailableError } from '../errors.ts';
import type { Plain } from '../runtime/plain.ts';
import { decode, encode } from './codec.ts';
import { errorFromPlain } from './errors.ts';
import type { Holdings } from './holdings.ts';
import { inlineBytes, type PostOffice, readAnswer, sendArguments } from './post.ts';
import { type Answer, type Job, keysOf, protocol } from './protocol.ts';
import type { JobQueue } from './queue.ts';
import { explain, isFull } from './redis.ts';
import type { Tally } from './tally.ts';

/** What is to be done. */
export interface Task {
  /** For people, and to know how long such a job takes. */
  readonly kind: string;
  readonly routine?: string;
  /** Names of the graphs, and of what was written to each state. */
  readonly sessions: readonly string[];
  readonly states: readonly (readonly string[])[];
  /** Names of all blobs that these are made of. */
  readonly needs: readonly string[];
  readonly args: Plain;
  readonly signal?: AbortSignal | undefined;
}

/** When a job is given out again, in milliseconds. */
export interface JobTimes {
  /** Least time after which a job that a worker has counts as hanging. @default 120,000 */
  readonly hanging?: number;
  /** How long a server that is full is waited for. @default 600,000 */
  readonly patience?: number;
}

/** Jobs that were given out anew because something around them went wrong; the next time it is told. */
const mostRetries = 5;
/** A job that hangs everywhere ends the run. */
const mostDuplicates = 5;

interface Open {
  readonly index: number;
  readonly task: Task;
  readonly bytes: Uint8Array;
  attempt: number;
  retries: number;
  duplicates: number;
  /** Whether the queue has taken the attempt. */
  isGiven: boolean;
  /** Since when a worker has it, as far as was seen; `performance.now()`. */
  activeSince: number | undefined;
  /** Since when the server has no room for it. */
  fullSince: number | undefined;
  /** When it is done with. */
  end(): void;
  resolve(value: Plain): void;
  reject(error: unknown): void;
}

export interface Jobs {
  do(task: Task): Promise<Plain>;
  /** An answer, or the number of one that lies on the server or is late. */
  heard(answer: Uint8Array | number): void;
  /** Looks at all jobs under way: whatever was missed is found here. */
  look(): Promise<void>;
  /** The server has lost all: everything is given out again. */
  restore(): void;
  /** Rejects all jobs under way and those to come. */
  fail(error: unknown): void;
  readonly open: number;
}

/** What jobs need of their driver. */
interface JobsOptions {
  readonly office: PostOffice;
  readonly queue: JobQueue;
  readonly holdings: Holdings;
  readonly tally: Tally;
  /** Version of tactful. */
  readonly version: string;
  readonly times?: JobTimes;
  /** A worker does not serve the run, and says why. */
  readonly onRefused: (worker: string, why: string) => void;
  /** What did not work and will be tried again. */
  readonly onTrouble: (error: unknown) => void;
}

export function openJobs(options: JobsOptions): Jobs {
  const { office, queue, holdings, tally, version, times = {}, onRefused, onTrouble } = options;
  const { connection, prefix, run, blobs } = office;
  const { hanging = 120_000, patience = 600_000 } = times;
  const keys = keysOf(prefix);
  const all = new Map<number, Open>();
  const longest = new Map<string, number>();
  let jobs = 0;
  let failure: { readonly error: unknown } | undefined;

  const identity = ({ index, attempt }: Open, of = attempt) => ({ run, index, attempt: of });

  const jobOf = (open: Open, args: Job['args']): Job => {
    const { routine, sessions, states } = open.task;
    return {
      ...{ protocol, tactful: version, ...identity(open) },
      ...(routine !== undefined && { routine }),
      sessions: [...sessions],
      states: states.map((state) => [...state]),
      args,
      alive: holdings.alive(),
    };
  };

  /** Jobs that are done with, of which something is still on the server. */
  let done: number[] = [];

  /** Takes them off the server, some at a time: the next job goes first. */
  const tidySoon = (index: number) => {
    done.push(index);
    if (done.length > 1) return;
    const tidy = async () => {
      const numbers = done;
      done = [];
      if (failure) return; // the driver takes all away
      await Promise.all([
        connection.srem(keys.open(run), ...numbers.map(String)),
        connection.unlink(...numbers.map((one) => keys.answer(run, one))),
      ]);
    };
    setTimeout(() => void tidy().catch(onTrouble), 20).unref();
  };

  /** Sends what a job needs and the job, one behind the other where they arrive so. */
  const give = async (open: Open) => {
    const { attempt, index, task, bytes } = open;
    open.isGiven = false;
    open.activeSince = undefined;
    try {
      const { args, sent } = sendArguments(office, index, bytes);
      const before = Promise.all([
        ...[holdings.send(task.needs), sent],
        connection.sadd(keys.open(run), `${index}`),
      ]);
      before.catch(() => {}); // it is heard of below
      if (!blobs.inOrder) await before; // a folder is another way than the queue
      if (all.get(index) !== open || open.attempt !== attempt) return;
      await Promise.all([before, queue.add(jobOf(open, args))]);
      open.isGiven = open.attempt === attempt;
      open.fullSince = undefined;
    } catch (error) {
      if (all.get(index) === open && open.attempt === attempt) trouble(open, error);
    }
  };

  /** What could not be sent: too large for ever, no room for now, or something else. */
  const trouble = (open: Open, error: unknown) => {
    const { index } = open;
    if (error instanceof InputError) {
      settle(open);
      open.reject(error);
      return;
    }
    if (!isFull(error) && !isFull((error as Error).cause)) return again(open, error);
    open.fullSince ??= performance.now();
    if (performance.now() - open.fullSince > patience) {
      settle(open);
      open.reject(explain(error, office.place));
      return;
    }
    onTrouble(explain(error, office.place));
    setTimeout(() => all.get(index) === open && void give(open), 1000).unref();
  };

  /** Gives a job out anew, under another identity: a queue never runs a failed one again. */
  const again = (open: Open, why: unknown, counts = true) => {
    open.isGiven = false;
    if (counts) onTrouble(why);
    if (counts && ++open.retries > mostRetries) {
      settle(open);
      open.reject(exhausted(open.task.kind, why));
      return;
    }
    tally.retried(open.task.kind);
    open.attempt++;
    // what is full or not there is not mended at once
    const wait = 2 ** Math.max(0, open.retries - 1) * 100;
    setTimeout(() => all.get(open.index) === open && void give(open), counts ? wait : 0).unref();
  };

  const settle = (open: Open) => {
    const { index, attempt, task } = open;
    all.delete(index);
    open.end();
    holdings.release(task.needs);
    tidySoon(index);
    // its other attempts need not be begun; of the one that is done nothing is left
    for (let of = 0; attempt > 0 && of <= attempt; of++) void queue.remove(identity(open, of));
    if (open.bytes.length > inlineBytes) void blobs.drop([`arguments-${index}`]).catch(onTrouble);
  };

  /** Jobs whose answer a look found before it was heard of. */
  const unheard = new Set<number>();
  const tooLate = (index: number) => {
    if (!unheard.delete(index)) tally.late();
  };

  const consume = async (answer: Answer, size: number) => {
    const { index, attempt, worker, took, error, returned, stored } = answer;
    const open = all.get(index);
    if (!open) return tooLate(index);
    const { kind } = open.task;
    if (returned) {
      if (attempt !== open.attempt) return;
      await connection.unlink(keys.answer(run, index));
      if (all.get(index) !== open || attempt !== open.attempt) return;
      if (returned.reason === 'missing') holdings.lost(returned.blobs);
      if (returned.reason === 'refused') onRefused(worker, returned.says);
      again(open, new Error(returned.says), returned.reason !== 'refused');
      return;
    }
    if (error) {
      settle(open);
      open.reject(errorFromPlain(error, `job ${index} (${kind}), worker ${worker}`));
      return;
    }
    let value = answer.value as Plain;
    if (stored) {
      const bytes = await blobs.get(stored.blob);
      if (all.get(index) !== open) return;
      if (!bytes) {
        await connection.unlink(keys.answer(run, index));
        return again(open, new Error(`the answer of job ${index} is gone`));
      }
      value = decode(bytes, `answer of job ${index}`);
      void blobs.drop([stored.blob]).catch(onTrouble);
    }
    longest.set(kind, Math.max(took, longest.get(kind) ?? 0));
    tally.done({ kind, worker, took, up: open.bytes.length, down: stored?.bytes ?? size });
    settle(open);
    open.resolve(value);
  };

  /** @param hears whether somebody told of it */
  const fetch = async (index: number, hears: boolean) => {
    const bytes = await connection.getBuffer(keys.answer(run, index));
    if (!bytes || !all.has(index)) return bytes !== null;
    if (!hears) unheard.add(index);
    await consume(readAnswer(bytes), bytes.length);
    if (all.has(index)) unheard.delete(index);
    return true;
  };

  /** One job that has been quiet. */
  const lookAt = async (open: Open) => {
    const { index, attempt, task } = open;
    const isSame = () => all.get(index) === open && open.attempt === attempt && open.isGiven;
    if (!isSame()) return;
    const state = await queue.state(identity(open));
    if (!isSame() || (await fetch(index, false)) || !isSame()) return;
    if (state === 'failed') {
      const why = await queue.failure(identity(open));
      if (isSame()) again(open, new Error(why));
      return;
    }
    if (state === 'unknown' || state === 'completed') {
      return again(open, new Error('the server has lost it'));
    }
    if (state === 'waiting') {
      open.activeSince = undefined;
      return;
    }
    const now = performance.now();
    open.activeSince ??= now;
    const limit = Math.max(hanging, 10 * (longest.get(task.kind) ?? 0)) * 2 ** open.duplicates;
    if (now - open.activeSince < limit) return;
    if (++open.duplicates > mostDuplicates) {
      settle(open);
      open.reject(exhausted(task.kind, new Error('no worker ended it')));
      return;
    }
    tally.duplicated(task.kind);
    open.attempt++;
    await give(open);
  };

  return {
    async do(task) {
      if (failure) throw failure.error;
      task.signal?.throwIfAborted();
      const bytes = encode(task.args);
      holdings.retain(task.needs);
      return new Promise<Plain>((resolve, reject) => {
        const stop = () => {
          settle(open);
          void queue.remove(identity(open));
          reject(task.signal?.reason);
        };
        const open: Open = {
          ...{ index: jobs++, task, bytes, attempt: 0, retries: 0, duplicates: 0 },
          ...{ isGiven: false, activeSince: undefined, fullSince: undefined, resolve, reject },
          end: () => task.signal?.removeEventListener('abort', stop),
        };
        all.set(open.index, open);
        task.signal?.addEventListener('abort', stop);
        void give(open);
      });
    },
    heard(answer) {
      const read = async () => {
        if (typeof answer !== 'number') await consume(readAnswer(answer), answer.length);
        else if (all.has(answer)) await fetch(answer, true);
        else tooLate(answer);
      };
      read().catch(onTrouble); // it still lies on the server, and is looked for there
    },
    async look() {
      await Promise.all([...all.values()].map(lookAt));
    },
    restore() {
      holdings.lost();
      for (const open of all.values()) {
        tally.retried(open.task.kind);
        open.attempt++;
        void give(open);
      }
    },
    fail(error) {
      failure ??= { error };
      for (const open of [...all.values()]) {
        all.delete(open.index);
        open.end();
        open.reject(failure.error);
      }
    },
    get open() {
      return all.size;
    },
  };
}

function exhausted(kind: string, why: unknown): Error {
  if (why instanceof UnavailableError || why instanceof InternalError) return why;
  const text = why instanceof Error ? why.message : String(why);
  const expected = 'one of its attempts to end';
  return new UnavailableError(`job ${kind}`, expected, text, 'Look at the workers.', why);
}
