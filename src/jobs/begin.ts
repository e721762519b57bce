import type { z } from 'zod';
import {
  checkFingerprints,
  type Fingerprints,
  fingerprint,
  type Sources,
} from '../disk/fingerprint.ts';
import { checkJson } from '../disk/json.ts';
import { type Located, locateSources, type Named } from '../hub/sources.ts';
import type { JobContext } from './events.ts';
import { type FileOptions, type Opened, openNew, openUnfinished } from './files.ts';
import { checkSettings } from './unchanged.ts';

/** What all supervised jobs are told, as far as going on with one needs to know it. */
type Settings = Named & {
  readonly learningRate?: number | undefined;
  readonly warmup?: number | undefined;
};

/** A kind of job. */
export interface JobKind<Config, Measures> extends FileOptions<Measures> {
  /** Its settings. */
  readonly schema: z.ZodType<Config> & { readonly shape: object };
  /** What it reads, by what that is for. */
  sources(local: Config): Promise<Sources>;
}

/** A job that begins, or goes on: what it works on, and where. */
export interface Begun<Config, Measures> extends Located<Config>, Opened<Measures> {
  /** The command. */
  readonly job: string;
  readonly context: JobContext;
  /** SHA-256 of what it reads. */
  readonly fingerprints: Fingerprints;
  /** What it has taken so far. */
  readonly seconds: () => number;
  /** Settings in the order in which all are told. */
  readonly ordered: (settings: object) => Config;
}

/** Settings that may differ when a job goes on: where files lie (what they hold is checked), and how much is kept. */
export const freeSettings = [
  ...['model', 'revision', 'adapter', 'adapterRevision', 'modelConfig', 'tokenizer'],
  ...['data', 'dataRevision', 'testData', 'testDataRevision'],
  ...['checkpointEvery'],
];

/**
 * Finds what a job is to read and where it left off, before anything large is loaded. A job that
 * goes on takes from its beginning what its settings leave open.
 * @throws {ConfigError} when it began with other settings or other files
 * @throws as `openNew`, `openUnfinished` and `locateSources`
 */
async function beginJob<Config extends Settings, Measures>(
  kind: JobKind<Config, Measures>,
  settings: Config,
  context: JobContext,
): Promise<Begun<Config, Measures>> {
  const start = performance.now();
  const { output, resume = false, signal, downloading: progress } = context;
  const opened = await (resume ? openUnfinished : openNew)(output, kind);
  try {
    const record = opened.found.checkpoint?.record;
    const given = record ? unchanged(kind, record.config, settings) : settings;
    const located = await locateSources(given, { signal, progress });
    const sources = await kind.sources(located.local);
    const fingerprints = await fingerprint(sources);
    if (record) checkFingerprints(record.fingerprints, fingerprints, sources);
    const before = record?.seconds ?? 0;
    const seconds = () => before + (performance.now() - start) / 1000;
    const ordered = (all: object) => kind.schema.parse(all);
    return { ...opened, ...located, job: kind.job, context, fingerprints, seconds, ordered };
  } catch (error) {
    await opened.files.close();
    throw error;
  }
}

/**
 * A job from where it begins to its end, after which others may work in its folder.
 * @throws as `beginJob`
 */
export async function* withJob<Config extends Settings, Measures, Event>(
  kind: JobKind<Config, Measures>,
  settings: Config,
  context: JobContext,
  work: (begun: Begun<Config, Measures>) => AsyncGenerator<Event>,
): AsyncGenerator<Event> {
  const begun = await beginJob(kind, settings, context);
  try {
    yield* work(begun);
  } finally {
    await begun.files.close();
  }
}

/** The settings, with what they leave open as it was; refuses others than those of then. */
function unchanged<Config extends Settings>(
  { schema }: Pick<JobKind<Config, unknown>, 'schema'>,
  stored: Readonly<Record<string, unknown>>,
  settings: Config,
): Config {
  const then = checkJson(stored, 'checkpoint', schema);
  const now: Config = {
    ...settings,
    learningRate: settings.learningRate ?? then.learningRate,
    warmup: settings.warmup ?? then.warmup,
  };
  const names = Object.keys(schema.shape);
  checkSettings(then, now, { names, free: freeSettings });
  return now;
}
