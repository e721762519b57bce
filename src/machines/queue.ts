/** I/O: the queue of a run. The only file that imports bullmq. */
import type * as BullMq from 'bullmq';
import { type Job, jobId } from './protocol.ts';
import { type Connection, missingPackages } from './redis.ts';

/** How soon a job whose worker has gone comes again. In milliseconds. */
export interface QueueTimes {
  /** A worker that has not renewed its lock for so long has lost the job. @default 15,000 */
  readonly lock?: number;
  /** How often workers look for such jobs. @default 5000 */
  readonly stalled?: number;
  /** How often a job may lose its worker; the driver gives it out anew then. @default 10 */
  readonly maxStalled?: number;
}

interface Place {
  readonly prefix: string;
  readonly run: string;
}

/** What the queue knows of a job; `unknown` is one that is not in it (any more). */
export type JobState = 'waiting' | 'active' | 'completed' | 'failed' | 'unknown';

/** The driver's side. */
export interface JobQueue {
  /** A second one of the same identity changes nothing. */
  add(job: Job): Promise<void>;
  state(job: Pick<Job, 'run' | 'index' | 'attempt'>): Promise<JobState>;
  /** Why it failed. */
  failure(job: Pick<Job, 'run' | 'index' | 'attempt'>): Promise<string>;
  /** Takes a job out, unless a worker has it. */
  remove(job: Pick<Job, 'run' | 'index' | 'attempt'>): Promise<void>;
  counts(): Promise<{ readonly waiting: number; readonly active: number }>;
  /** Takes the queue and all that is in it off the server. */
  destroy(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the queue of a run, for who puts jobs into it. */
export async function openQueue(
  connection: Connection,
  { prefix, run }: Place,
  onError: (error: Error) => void = () => {},
): Promise<JobQueue> {
  const { Queue } = await loadBullMq();
  const queue = new Queue<Job>(run, {
    connection,
    prefix,
    // the stream of events is not read: answers are told on a channel of their own
    streams: { events: { maxLen: 100 } },
    skipVersionCheck: true,
    // an answer stands elsewhere; a failed job is looked at before it is taken out
    defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: { age: 3600 } },
  });
  queue.on('error', onError); // who waits for an answer hears of it as well
  return {
    async add(job) {
      await queue.add(job.routine ?? 'run', job, { jobId: jobId(job) });
    },
    async state(job) {
      const state = await queue.getJobState(jobId(job));
      if (state === 'active' || state === 'completed' || state === 'failed') return state;
      return state === 'unknown' ? state : 'waiting';
    },
    async failure(job) {
      const failed = await queue.getJob(jobId(job));
      return failed?.failedReason ?? 'nobody knows why';
    },
    async remove(job) {
      // one that a worker has cannot be removed: it takes itself out when it is done
      await queue.remove(jobId(job)).catch(() => undefined);
    },
    async counts() {
      const { waiting = 0, active = 0 } = await queue.getJobCounts('waiting', 'active');
      return { waiting, active };
    },
    destroy: () => queue.obliterate({ force: true }),
    close: () => queue.close(),
  };
}

/** The worker's side. */
export interface Serving {
  /** Takes no more jobs, and waits for the one under way, unless the server is gone. */
  close(isGone?: boolean): Promise<void>;
}

/**
 * Takes jobs of a run, one after the other.
 * @param work does one. What it throws fails the job for good: the driver gives it out anew
 */
export async function serveQueue(
  connection: Connection,
  { prefix, run }: Place,
  work: (job: unknown) => Promise<string>,
  { times = {}, onError = () => {} }: { times?: QueueTimes; onError?: (error: Error) => void } = {},
): Promise<Serving> {
  const { Worker } = await loadBullMq();
  const { lock = 15_000, stalled = 5000, maxStalled = 10 } = times;
  const worker = new Worker(run, (job) => work(job.data), {
    connection,
    prefix,
    concurrency: 1,
    lockDuration: lock,
    stalledInterval: stalled,
    maxStalledCount: maxStalled,
    runRetryDelay: 1000,
    skipVersionCheck: true,
    removeOnComplete: { count: 0 },
  });
  worker.on('error', onError);
  await worker.waitUntilReady();
  return { close: (isGone = false) => worker.close(isGone) };
}

async function loadBullMq(): Promise<typeof BullMq> {
  return import('bullmq').catch((cause) => {
    throw missingPackages(cause);
  });
}
