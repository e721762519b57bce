/** What a kind of job is, and what it is given: the words between kinds, the runner and the screen. */
import type { z } from 'zod';
import type { Sources } from '../disk/fingerprint.ts';
import type { NumericError } from '../errors.ts';
import type { GuardSeries } from '../eval/guards.ts';
import type {
  Guarded,
  JobEvent,
  JobProgress,
  JobStarted,
  MachinesTold,
  Note,
  StepMetrics,
} from '../events.ts';
import type { DownloadProgress } from '../hub/progress.ts';
import type { Named } from '../hub/sources.ts';
import type { TrainingState } from '../model/checkpoint.ts';
import type { Engine } from '../runtime/engine.ts';

/** Settings by name, whoever made them. */
export type Settings = Readonly<Record<string, unknown>>;

/** What all jobs are told, as far as the runner has to know it. */
export type JobSettings = Settings &
  Named & {
    // of a job that trains
    readonly checkpointEvery?: number;
    readonly keepCheckpoints?: number;
    readonly evaluateEvery?: number;
    readonly patience?: number;
  };

/** What has to be closed after use. */
export interface Closable {
  close(): Promise<void>;
}

/** Where a job runs, and where its folder is. */
export interface JobContext {
  readonly engine: Engine;
  /** Folder of the job; nothing is written without one. */
  readonly output?: string;
  /** @default the folder's name */
  readonly runId?: string;
  readonly version: string;
  /** What `config.yaml` says. @default all settings */
  readonly given?: Settings;
  /**
   * Go on with the job in `output`: after its newest whole checkpoint, or from the beginning when it
   * has none. It ends as if it had never been stopped, to the last bit. @default false
   */
  readonly resume?: boolean;
  /** Ends the training after the step that runs; what has been learnt is kept. */
  readonly signal?: AbortSignal;
  /**
   * Gives what has happened beside the job since it was last asked: it comes into the log.
   * @param isLast whether the job is at its end
   * @default nothing
   */
  readonly aside?: (isLast: boolean) => readonly Omit<MachinesTold, 'step'>[];
  /** Is told how far downloads from the hub are. */
  readonly downloading?: (progress: DownloadProgress) => void;
}

/** A job that begins, or goes on: what it works on, and where. */
export interface Begun<Config> {
  /** The settings with paths in place of names. */
  readonly local: Config;
  /** The settings with the commits that revisions stand for now. */
  readonly pinned: Config;
  readonly context: JobContext;
  /** Gets what has to be closed when the job ends, however it ends. */
  readonly opened: Closable[];
}

/** When a measurement is made. */
export type When = 'before' | 'during' | 'after';

/** A measurement on its way; undefined when the signal ended it. */
export type Measuring<Measures> = AsyncGenerator<JobProgress, Measures | undefined>;

/** What a job learns: plain data, and tensors. */
export type Learnt = TrainingState<Settings>;

/** What guards saw, and the answers that show it most. */
export type Sighting = Pick<Guarded, 'guard' | 'reads' | 'numbers' | 'samples' | 'judge'>;

/** Watches a training: whether it has gone too far. */
export interface Watch<Measures extends object> {
  /** What happens then. */
  readonly action: 'stop' | 'warn';
  /** Before the first step, or the first of those to come: what held-out answers are compared with. */
  begin(signal: AbortSignal | undefined): AsyncGenerator<JobProgress, void>;
  /** What the answers of the last steps show, the very last of them still in memory. */
  ofSteps(series: GuardSeries): readonly Sighting[];
  /** Whether held-out prompts are to be answered after a step. */
  isDue(step: number): boolean;
  /** What these answers show, what was measured of them, and whether the training is worth going back to. */
  ofHeldOut(series: GuardSeries): AsyncGenerator<
    JobProgress,
    {
      readonly measures: Measures;
      readonly n: number;
      readonly sightings: readonly Sighting[];
      readonly well: boolean;
    }
  >;
}

/** A job that could start: what it works on is in memory. */
export interface Job<Measures extends object, Facts extends object> {
  /** What `started` tells besides settings, time and place. */
  readonly facts: Omit<JobStarted, StartedByRunner> & Facts;
  /** Settings that were left open, as they came out. @default none */
  readonly settings?: Settings;
  /** Steps of the whole training; 0 of a job that measures alone. */
  readonly total: number;
  /** All that has to be kept for going on from here; of a job with a watch a copy. */
  save(): Learnt;
  /** Goes back to what was kept: what follows is what followed there, to the last bit. */
  restore(learnt: Learnt): Promise<void>;
  /** From where it is to the end. After each `step` event `save` has the state after that step. */
  steps(signal: AbortSignal | undefined): AsyncGenerator<JobEvent<Measures, Facts>>;
  /** Measures what is held out: before the first step, in between, or what came of it. */
  measure(when: When): Measuring<Measures>;
  /** Whether it is measured before the first step. @default false */
  readonly measuresBefore?: boolean;
  /** Whether a job that goes on still has its samples of then. @default what the checkpoint says */
  recall?(): Promise<boolean>;
  /** What measurements tell beside their numbers. @default nothing */
  notes?(measures: Measures): readonly Note[];
  /** What decides which measurement is the best; more is better. */
  worth(measures: Measures): number;
  /** Fills a folder with what has been learnt. */
  saveResult(folder: string): Promise<void>;
  /** Further files of a checkpoint. @default none */
  saveBeside?(folder: string): Promise<void>;
  /** What `best.json` says of the best, where that has a folder of its own. @default its step */
  ofBest?(measures: Measures): Settings;
  /** What else the record of the result says of what was measured. @default nothing */
  about?(measures: Measures): Settings;
  /** After the last measurement: comparisons, files. @default nothing */
  compare?(): AsyncGenerator<JobEvent<Measures, Facts>>;
  /** Watches the training. @default nobody does */
  readonly watch?: Watch<Measures>;
  /** Keeps what was known when a number was not finite. @returns the folder */
  dump?(error: NumericError): Promise<string>;
  /** Texts for people by the names of their files, from the events of the whole job. @default none */
  report?(
    events: readonly JobEvent<Measures, Facts>[],
  ): Promise<Readonly<Record<string, string>> | undefined>;
}

type StartedByRunner = Exclude<keyof JobStarted, 'data' | 'memory' | 'notes'>;

/** A label and a text beside it. */
export type Line = readonly [label: string, text: string];

/** How wide a screen is, and whether it takes colours. */
export interface Width {
  readonly width: number;
  readonly color: boolean;
}

type EventOf<M extends object, F extends object, T extends JobEvent['type']> = Extract<
  JobEvent<M, F>,
  { readonly type: T }
>;

/** The latest event of each type, the latest measurement of each moment, and the best in between. */
export type Latest<M extends object = object, F extends object = object> = {
  -readonly [T in JobEvent['type']]?: EventOf<M, F, T>;
} & {
  before?: EventOf<M, F, 'evaluated'>;
  after?: EventOf<M, F, 'evaluated'>;
  best?: EventOf<M, F, 'validated'>;
};

/** What has come of a job, for screens. */
export interface Outcome<M extends object = object, F extends object = object> {
  readonly latest: Latest<M, F>;
  readonly steps: readonly StepMetrics[];
  /** What guards saw. */
  readonly guarded: readonly Guarded[];
  readonly output: string;
  /** Those that the job has now; of a finished one those with which it began. */
  readonly settings: Settings;
}

/** What a screen says of a job of this kind, beside what it says of every job. */
export interface KindScreen<M extends object, F extends object> {
  /** Lines about `started`, below the data. */
  started(event: EventOf<M, F, 'started'>): readonly Line[];
  /** Beside the bar. */
  status(metrics: StepMetrics): string;
  /** A measurement in one line. */
  brief(measures: M, when: When): string;
  /** Whether measurements before and after have a line of their own as they come. @default false */
  readonly tellsMeasures?: boolean;
  /** The comparison, as tables. @param settings those that the job has now */
  compared?(event: EventOf<M, F, 'compared'>, width: Width, settings: Settings): string;
  /** In the end: what was measured. @default nothing */
  measured?(after: M, before: M | undefined): readonly Line[];
  /** What the reader must know of what came of it. @default nothing */
  notes?(outcome: Outcome<M, F>): readonly Note[];
  /** Files beside result and log. @default none */
  files?(outcome: Outcome<M, F>): readonly Line[];
  /** Below all. @default nothing */
  table?(measures: M, bold: (text: string) => string): string;
  /** What `--json` says. */
  json(outcome: Outcome<M, F>): Settings;
}

/** Presets of a kind: settings by name that a config file and flags go over. */
export interface Presets {
  readonly names: readonly [string, ...string[]];
  readonly description: string;
  /** The one that lies under what is given; undefined when none does. */
  nameFor(given: Settings): string | undefined;
  /** @param given what goes over it, on which it may depend */
  settings(name: string, given: Settings): Settings;
}

/** Config files of another kind, for a kind that takes them as well. */
export interface OtherFiles {
  readonly schema: z.ZodObject;
  /** Its settings as this kind names them; those that it does not have are left out later. */
  own(settings: Settings): Settings;
  /** What the reader must know of such a file. @param over what was said beside it */
  notes(file: string, over: Settings): Promise<readonly Note[]>;
}

/**
 * A kind of job: all that runner, command line, editors and `init` have to know of it. What is large
 * to load is imported by `setUp`.
 */
export interface Kind<
  Config extends JobSettings = JobSettings,
  Measures extends object = object,
  Facts extends object = object,
> {
  /** The command. */
  readonly name: string;
  /** What `--help` says below the summary of `kinds.ts`. */
  readonly description: string;
  /** Whole command lines, with what they do. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  /** What happens after the first Ctrl-C. @default 'stopping' */
  readonly stopping?: string;
  /** Its settings. */
  readonly schema: z.ZodObject;
  /** @default none */
  readonly presets?: Presets;
  /** Whose config files it takes beside its own. @default nobody's */
  readonly takes?: OtherFiles;
  /** What a config file to begin with says. */
  readonly first: Settings;
  /** Settings that may differ when it goes on: where files lie, how much is kept. */
  readonly mayDiffer: readonly string[];
  /** Settings that a job fills in itself where they are left open, and keeps then. @default none */
  readonly leftOpen?: readonly string[];
  /** Settings that checkpoints of earlier versions do not name, as they were then. @default none */
  readonly formerly?: Settings;
  /** Fills in the defaults that follow from other settings. @default none do */
  resolve?(config: Config): Config;
  /** Of what a job remembers, what is learnt; and of its measurements. */
  readonly learns: z.ZodObject;
  readonly measures: z.ZodType<Measures>;
  /**
   * Folder of the result within the job's: the best so far lies beside it, in `best/`, and checkpoints
   * stay. Without one the job's own folder is the result, the best there was, and in the end holds
   * nothing that a model's folder has no use for. False of a job that measures alone and makes nothing.
   */
  readonly result?: string | false;
  /** Whether measuring takes so long that what is there before and after is kept as a checkpoint. @default false */
  readonly keepsEnds?: boolean;
  /** Whether it ends with a comparison. @default false */
  readonly compares?: boolean;
  /** Whether it can be run with the semantics of TRL 0.8.0 as well, to compare them. @default false */
  readonly semantics?: boolean;
  /** A policy by whose size the engine is chosen. @default none */
  policy?(
    config: Config,
  ): { readonly model: string; readonly revision?: string | undefined } | undefined;
  /** What is told before it starts. @default nothing */
  warning?(config: Config): string | undefined;
  /** What it reads, by what that is for. */
  sources(local: Config): Promise<Sources>;
  setUp(begun: Begun<Config>): Promise<Job<Measures, Facts>>;
  readonly screen: KindScreen<Measures, Facts>;
}
