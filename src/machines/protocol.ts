/** What driver and workers say to each other: the shape of every message, and where it lies. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { devices, precisions } from '../runtime/traits.ts';

/** Driver and workers that have different ones do not work together. */
export const protocol = 1;

/** What every key begins with, unless `--queue-prefix` says otherwise. */
export const defaultPrefix = 'tactful';

/** Identity of a run or a worker: no two have the same, whatever became of those before. */
export function newId(): string {
  return randomBytes(6).toString('hex');
}

const id = z.string().regex(/^[0-9a-f]{12}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const text = z.string().max(1000);
const count = z.int().nonnegative();

/** Names of keys. Those of one run, its queue's included, begin with `PREFIX:RUN:`. */
export function keysOf(prefix: string) {
  const of = (run: string, ...parts: (string | number)[]) => [prefix, run, ...parts].join(':');
  return {
    /** Sorted set of run ids, by when they began. */
    runs: `${prefix}:runs`,
    /** Card of a run, JSON; gone when its driver is. */
    run: (run: string) => `${prefix}:run:${run}`,
    /** Sorted set of worker ids, by when they began. */
    workers: `${prefix}:workers`,
    /** Card of a worker, JSON; gone when it is. */
    worker: (worker: string) => `${prefix}:worker:${worker}`,
    /** All keys of a run begin so. */
    within: (run: string) => of(run, ''),
    /** Made with the run: where it is missing, the server has lost its data. */
    epoch: (run: string) => of(run, 'epoch'),
    /** Set of the job numbers whose answers are waited for: others are not kept. */
    open: (run: string) => of(run, 'open'),
    /** What a job came to: an `Answer`. */
    answer: (run: string, index: number) => of(run, 'answer', index),
    /** Channel on which answers are told. */
    answers: (run: string) => of(run, 'answers'),
    /** Bytes, by their SHA-256 or another name. */
    blob: (run: string, name: string) => of(run, 'blob', name),
  };
}

/** A file of weights that a run computes with: a worker must have it. */
export const WeightFile = z.strictObject({ sha256, name: text, bytes: count });
export type WeightFile = z.infer<typeof WeightFile>;

/** What drivers and workers tell of themselves. */
const identity = {
  /** Version of tactful. */
  tactful: text,
  id,
  /** For people: what runs, and where. */
  name: text,
  host: text,
  pid: count,
  /** ISO time. */
  started: z.string(),
};

/** What a driver tells of its run. */
export const RunCard = z.strictObject({
  protocol: z.literal(protocol),
  ...identity,
  /** What the self-test comes to on its workers; null until the first has come. */
  bits: text.nullable(),
  /** Whether workers may have other bits. */
  mixed: z.boolean(),
  /** Whether large data lies in a folder that all see. */
  shared: z.boolean(),
  /** Files that its graphs have been found to need so far. */
  files: z.array(WeightFile),
});
export type RunCard = z.infer<typeof RunCard>;

/** What a worker tells of itself. */
export const WorkerCard = z.strictObject({
  protocol: z.int(),
  ...identity,
  /** Library, version, device and threads, for people. */
  engine: text,
  library: text,
  device: z.enum(devices),
  precision: z.enum(precisions),
  apart: z.boolean(),
  cpu: text,
  bits: text,
  /** Models that it was allowed, for people. */
  models: z.array(text),
  state: z.enum(['idle', 'working', 'stopping']),
  /** The run that it serves. */
  run: id.nullable(),
  /** Jobs done since it began. */
  jobs: count,
  /** Share of the last minute in which it computed, 0 to 1. */
  busy: z.number(),
  /** Bytes in memory. */
  rss: count,
  /** Runs that it does not serve, and why. */
  refused: z.array(z.strictObject({ run: id, why: text })),
});
export type WorkerCard = z.infer<typeof WorkerCard>;

/** Bytes of one blob: what a worker would have to hold at once. */
const largest = 2 ** 31;

/** Arguments of a job: in it, or in a blob of their own. Made by `encode` of the codec. */
const Arguments = z.union([
  z.strictObject({ base64: z.string().max(2 ** 17) }),
  z.strictObject({ blob: z.string().max(100), bytes: count.max(largest) }),
]);

/** One job: a run of a graph, or a routine. It says nothing of where files are. */
export const Job = z.strictObject({
  protocol: z.int(),
  tactful: text,
  run: id,
  /** Number within its run. */
  index: count,
  /** How often it was given out before. */
  attempt: count,
  /** The routine; absent: one run of the one session. */
  routine: text.optional(),
  /** Graphs, by the hash of what was published of them. */
  sessions: z.array(sha256).max(100),
  /** States, each by the hashes of what was written to it, in order. */
  states: z.array(z.array(sha256).max(1000)).max(100),
  args: Arguments,
  /** All graphs and writes that are not done with: others need not be kept. */
  alive: z.array(sha256).max(10_000),
});
export type Job = z.infer<typeof Job>;

/** Identity of a job in the queue; a new attempt is a new one, for a failed one is never run again. */
export function jobId({ run, index, attempt }: Pick<Job, 'run' | 'index' | 'attempt'>): string {
  return `${run}-${index}-${attempt}`;
}

/** An error as it crosses machines. */
export const PlainError = z.strictObject({
  code: text,
  message: z.string(),
  remedy: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type PlainError = z.infer<typeof PlainError>;

/** Why a worker gives a job back: another may do it, or the driver mends it. */
const Returned = z.strictObject({
  /** Blobs are not there; the worker may not serve the run; something around the job went wrong. */
  reason: z.enum(['missing', 'refused', 'trouble']),
  blobs: z.array(z.string()).optional(),
  says: z.string(),
});

/** What is told of a job. Its value stands in it, or in a blob. */
export const Answer = z.strictObject({
  index: count,
  attempt: count,
  worker: id,
  /** Milliseconds from taking the job to its result. */
  took: z.number(),
  /** Its own failure: it would fail anywhere. */
  error: PlainError.optional(),
  returned: Returned.optional(),
  value: z.unknown().optional(),
  stored: z.strictObject({ blob: z.string().max(100), bytes: count }).optional(),
});
export type Answer = z.infer<typeof Answer>;

/** Bytes that are too large for a message, on the server or in a folder. Names are those of one run. */
export interface Blobs {
  /** Whether what is put is there for all who hear of something that was sent later. */
  readonly inOrder: boolean;
  /** What has the name already may stay: it is the same. @throws {InputError} when it is too large */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Undefined where there is none (any more). */
  get(name: string): Promise<Uint8Array | undefined>;
  drop(names: readonly string[]): Promise<void>;
}

/** Who is there. What is told is forgotten when it is not told again for a while. */
export interface Registry {
  /** Tells of a run, or tells it again. */
  tellRun(card: RunCard): Promise<void>;
  /** Whether the server still has what it was told when the run began: false after it has lost its data. */
  knows(run: string): Promise<boolean>;
  /** Those whose drivers live, the oldest first. */
  runs(): Promise<RunCard[]>;
  forgetRun(run: string): Promise<void>;
  tellWorker(card: WorkerCard): Promise<void>;
  /** @param awake leaves out who has not told of itself for a third of the time after which it counts as gone */
  workers(awake?: boolean): Promise<WorkerCard[]>;
  forgetWorker(worker: string): Promise<void>;
}
