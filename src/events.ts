/**
 * The words that trainer, evaluation, stores and screens share. Plain data: every event survives
 * `JSON.parse(JSON.stringify(event))`.
 */
import type { Comparison, Slice, Summary } from './comparison.ts';

/** Reason of a `stopped` that broke off a measurement. */
export const whileMeasuring = 'interrupted while measuring';

/** Scalar statistics of one step under TRL's names (`objective/kl`) and ours (`time/generate`). */
export type StepMetrics = Readonly<Record<string, number>>;

/** Numbers of parameters. */
export interface ParameterCount {
  readonly trainable: number;
  readonly all: number;
}

/** Bytes that a run will take, by what they are for. */
export interface MemoryEstimate {
  readonly total: number;
  readonly parts: Readonly<Record<string, number>>;
  /** It may be off by more than a third: how much the engine takes is not known well. */
  readonly rough?: boolean;
  /** Where it stands; missing: in this process. */
  readonly where?: 'in each worker at most';
}

/** What whoever reads the numbers must know of what went in: a sentence, and what can be done about it. Settings are in backticks. */
export interface Note {
  readonly says: string;
  readonly remedy?: string;
}

/** Rows of the data that could not be read. */
export interface SkippedRows {
  readonly count: number;
  /** The first few: `file:line`, and what is wrong there. */
  readonly first: readonly { readonly where: string; readonly why: string }[];
}

/** How much data there is. */
export interface DataSizes {
  readonly rows: number;
  /** Rows that were not too short or too long. */
  readonly kept: number;
  /** Different dialogues in these, where some come several times. */
  readonly dialogues?: number;
  readonly train: number;
  /** Prompts with a summary to learn, where dialogues have several. */
  readonly pairs?: number;
  /** Kept out of the training to choose the best by; missing when none are. */
  readonly validation?: number;
  readonly test: number;
  /** Texts to be learnt that were longer than the token limit. */
  readonly cut?: number;
  /** Missing when every row could be read. */
  readonly skipped?: SkippedRows;
  /** Columns by what they hold, where that was found out: `{ dialogue: 'article' }`. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** How a job began. */
export interface JobStarted {
  readonly type: 'started';
  /** The command; missing in logs of earlier versions, which were all of `detox`. */
  readonly job?: string;
  readonly runId: string;
  readonly time: string;
  readonly version: string;
  /** Of the whole training; missing in the logs of earlier versions. */
  readonly steps?: number;
  /** All settings as they came out: what was given, presets, defaults, commits. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly engine: string;
  /** SHA-256 of what it reads; missing in the logs of earlier versions. */
  readonly fingerprints?: Readonly<Record<string, string>>;
  readonly data: DataSizes;
  /** Bytes that it will take; missing in the logs of earlier versions. */
  readonly memory?: MemoryEstimate;
  /** Missing when there is nothing to say. */
  readonly notes?: readonly Note[];
}

/** How far a phase is. */
export interface JobProgress {
  readonly type: 'progress';
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  /** A look in passing, on the way of another phase. @default false */
  readonly passing?: boolean;
}

/** What a guard looks at: the answers that a training learns from, or answers to what is held out. */
export type GuardReads = 'rollouts' | 'held-out';

/** Where a training was gone back to, and why. */
export interface RolledBack {
  /** Step after which the guard saw it. */
  readonly from: number;
  /** Step of the result: the last one that was well; 0 is the policy as it started. */
  readonly to: number;
  /** Name of the guard. */
  readonly guard: string;
}

/** One answer of those that set a guard off. */
export interface GuardedSample {
  readonly query: string;
  readonly response: string;
  /** What the policy answered as it started, where that is known. */
  readonly before?: string;
}

/** A guard saw that the training has gone too far. */
export interface Guarded {
  readonly type: 'guarded';
  /** Step after which it looked. */
  readonly step: number;
  /** Name of the guard: `rouge1`, `kl`. */
  readonly guard: string;
  readonly reads: GuardReads;
  readonly action: 'warned' | 'rolled back';
  /** Step that is gone back to, where it is. */
  readonly to?: number;
  /** Of the guard `judge`: who parts ways with the reward, by its name; `toxicity` is the run's own. */
  readonly judge?: string;
  /** What set it off. */
  readonly numbers: {
    /** As the training started, and now; of the KL, which has a ceiling, 0 and now. */
    readonly before: number;
    readonly now: number;
    /** How much it may be worse than before: a share of that where `relative`, else in its units. */
    readonly limit: number;
    readonly relative: boolean;
    /** Answers that were looked at. */
    readonly n: number;
    /** Of held-out answers one by one: what of the change is sure. */
    readonly sure?: number;
  };
  /** Those answers that show it most, worst first. */
  readonly samples: readonly GuardedSample[];
}

/** The guards that read what is held out have looked. */
export interface Checked {
  readonly type: 'checked';
  readonly step: number;
  /** No guard saw anything, nor came near: a training that goes too far later goes back to here. */
  readonly well: boolean;
  /** Prompts that were answered. */
  readonly n: number;
  /** What it took. */
  readonly seconds: number;
}

/**
 * Everything that happens in a job, in order. `events.jsonl` holds one a line.
 * `Measures` is what a kind of job measures, `Facts` what it alone tells as it starts.
 */
export type JobEvent<Measures extends object = object, Facts extends object = object> =
  | (JobStarted & Facts)
  | JobProgress
  | ({
      readonly type: 'evaluated';
      /** `after`: what the result is worth. */
      readonly when: 'before' | 'after';
      /** What the measurement shows; missing when there is nothing to say. */
      readonly notes?: readonly Note[];
    } & Measures)
  | {
      /** How the reward judges the policy as it starts: scores are measured by that. */
      readonly type: 'calibrated';
      readonly n: number;
      readonly mean: number;
      readonly std: number;
    }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly steps: number;
      readonly metrics: StepMetrics;
    }
  | ({
      /** What chooses the best, measured after a step. */
      readonly type: 'validated';
      readonly step: number;
      /** Better than all before: it is kept. */
      readonly best: boolean;
    } & Measures)
  | (Checked & Measures)
  | Guarded
  | {
      /** The job can be resumed from here. */
      readonly type: 'checkpoint';
      readonly step: number;
      /** Folder, within the job's. */
      readonly path: string;
    }
  | {
      /** The job goes on after this step: a log drops what it holds of later ones. */
      readonly type: 'resumed';
      readonly step: number;
      /** Of the whole training; missing in the logs of earlier versions. */
      readonly steps?: number;
      readonly time: string;
      readonly version: string;
      readonly engine: string;
      /** What may make the result differ from that of a job never stopped, in sentences. */
      readonly notes: readonly string[];
    }
  | {
      readonly type: 'stopped';
      readonly step: number;
      readonly reason: string;
      /** Whether there is a result; missing in the logs of earlier versions, where there was one. */
      readonly saved?: boolean;
      /** Step of the result, where an earlier one was kept as the best. */
      readonly best?: number;
      /** Folder of the weights of the last step, where the best lies in the place of the result. */
      readonly last?: string;
      /** Why there is no checkpoint of what was saved, from which it would go on. */
      readonly problem?: string;
    }
  | MachinesTold
  | { readonly type: 'compared'; readonly comparison: Comparison }
  | LlmJudged
  | {
      readonly type: 'finished';
      readonly steps: number;
      /** What it has taken, without what a crash cost. */
      readonly seconds: number;
      /** Step of the result, where measurements in between chose it. */
      readonly best?: number;
      /** Patience ended the training. */
      readonly early?: true;
      /** A guard ended the training: the result is that of an earlier step. */
      readonly rolledBack?: RolledBack;
      /** Most bytes that the process had in memory; of a resumed run, the last process. */
      readonly peakMemory?: number;
    };

/** Of several machines that work for a job: who they are and how far they are, told when that changes, once a minute and at the end. */
export interface MachinesTold {
  readonly type: 'machines';
  /** Step that had been done. */
  readonly step: number;
  readonly time: string;
  /** What happened, in sentences; missing when nothing did. */
  readonly says?: readonly string[];
  /** What the self-test comes to on them: a job that goes on wants the same. */
  readonly bits: string;
  /** The first of those that serve the job. */
  readonly workers: readonly WorkerTold[];
  /** Those that are not among them; missing when all are. */
  readonly others?: number;
  /** Pieces of work that wait for a worker, and that one has. */
  readonly waiting: number;
  readonly active: number;
  /** Given out again so far, because something went wrong around them or they took too long. */
  readonly retries: number;
  /** Pieces of work done since the job goes on, by what they are: each counts once, however often it was done. */
  readonly counted: Readonly<Record<string, number>>;
  /** Results that came when nobody waited for them any more, and were thrown away. */
  readonly late: number;
}

/** One of them. */
export interface WorkerTold {
  readonly name: string;
  readonly host: string;
  /** Library, version, device and threads. */
  readonly engine: string;
  /** Pieces of work that it has done for the job since it goes on, and per minute of late. */
  readonly jobs: number;
  readonly perMinute: number;
  /** Share of the last minute in which it computed, 0 to 1. */
  readonly busy: number;
  /** Bytes in memory. */
  readonly memory: number;
}

/** What an LLM judge said of the responses of a finished run. */
export interface LlmJudged {
  readonly type: 'judged';
  readonly time: string;
  /** Address of the server that got the texts. */
  readonly endpoint: string;
  readonly model: string;
  /** Of the questions. */
  readonly promptVersion: number;
  /** Responses that were to be judged, before and after. */
  readonly samples: number;
  readonly judged: number;
  /** Those that were not, by the reason. */
  readonly missing: Readonly<Record<'malformed' | 'refused' | 'busy' | 'spent', number>>;
  /** The first reasons in words; missing when there are none. */
  readonly why?: readonly string[];
  /** Questions that were answered now, and before. */
  readonly asked: number;
  readonly known: number;
  readonly tokens: { readonly input: number; readonly output: number };
  /** By the prices that were given; missing without them. */
  readonly dollars?: number;
  /** Those of the comparison. */
  readonly slices: readonly Pick<Slice, 'name' | 'by' | 'faithfulness' | 'coverage'>[];
}

/** What a run of `detox` measures, over prompts. */
export interface RunMeasures {
  /** Before and after it is missing in the logs of earlier versions. */
  readonly reward: Summary;
  readonly toxicity: Summary;
  readonly flagged: Summary;
  /** Of the responses that have one; missing when none has. */
  readonly rouge1?: Summary;
  /** Of each judge that the training never saw, by its name. */
  readonly judges?: Readonly<Record<string, Summary>>;
}

/** What is kept of what a run learns from. */
export interface RolloutSize {
  /** At most. */
  readonly bytes: number;
  /** Of which each token is kept, the last ones. */
  readonly steps: number;
}

/** What a run of `detox` alone tells as it starts. */
export interface RunFacts {
  readonly policyParameters: ParameterCount;
  readonly referenceParameters: ParameterCount;
  /** Of which outputs of the models reward and toxicity are made, in words; missing in old logs. */
  readonly judges?: {
    readonly reward: string;
    readonly toxicity: string;
    /** The whole reward, where a module has a part in it. */
    readonly sum?: string;
    /** What the judges say that the training never sees, by their names; missing without one. */
    readonly witnesses?: Readonly<Record<string, string>>;
  };
  /** Of `rollouts/`; missing where nothing is kept, and in old logs. */
  readonly rollouts?: RolloutSize;
}

/** Everything that happens in a run of `detox`. */
export type RunEvent = JobEvent<RunMeasures, RunFacts>;
