/** What a supervised job is given beside its settings, and what it tells. */
import type { MemoryEstimate, Note, ParameterCount, SkippedRows } from '../events.ts';
import type { DownloadProgress } from '../hub/progress.ts';
import type { TrainingStep } from '../model/supervised.ts';
import type { Engine } from '../runtime/engine.ts';

/** Where a supervised job runs, and where its result goes. */
export interface JobContext {
  readonly engine: Engine;
  /** Folder of the result: new, empty, or with an earlier result of the same job. */
  readonly output: string;
  readonly version: string;
  /** What `config.yaml` says of the engine. @default nothing */
  readonly engineSettings?: Readonly<Record<string, unknown>>;
  /**
   * Go on with the job in `output`: after its newest whole checkpoint, or from the beginning when it
   * has none. It ends as if it had never been stopped, to the last bit. @default false
   */
  readonly resume?: boolean;
  /** Ends the training after the step that runs; what has been learnt is saved. */
  readonly signal?: AbortSignal;
  /** Is told how far downloads from the hub are. */
  readonly downloading?: (progress: DownloadProgress) => void;
}

/** What a supervised job tells, in order. `Measures` is what it measures on the held-out part. */
export type JobEvent<Measures> =
  | {
      readonly type: 'started';
      readonly engine: string;
      readonly parameters: ParameterCount;
      readonly data: JobData;
      /** What the run will take, where that is known. */
      readonly memory?: MemoryEstimate;
      /** Missing when there is nothing to say. */
      readonly notes?: readonly Note[];
    }
  | {
      /** After `started`; the measurement before the first step is told once more. */
      readonly type: 'resumed';
      /** Steps done. */
      readonly step: number;
      readonly steps: number;
      /** Sentences on what may make a difference. */
      readonly notes: readonly string[];
    }
  | JobProgress
  | {
      readonly type: 'evaluated';
      /** `after`: what the result is worth, which was measured after its step. */
      readonly when: When;
      readonly step: number;
      readonly measures: Measures;
      /** Of those in between: no earlier one was as good. */
      readonly best?: boolean;
    }
  | ({ readonly type: 'step' } & TrainingStep)
  | {
      readonly type: 'checkpoint';
      readonly step: number;
      /** Within the output. */
      readonly path: string;
    }
  | {
      readonly type: 'stopped';
      readonly step: number;
      readonly saved: boolean;
      /** Why there is no checkpoint of what was saved, from which it would go on. */
      readonly problem?: string;
      /** Step of the result, where an earlier one was kept as the best. */
      readonly best?: number;
      /** Where, beside the best, the weights of the last step are. */
      readonly last?: string;
    }
  | {
      readonly type: 'finished';
      readonly steps: number;
      /** What it has taken, without what a crash cost. */
      readonly seconds: number;
      /** Step of the result, where measurements in between chose it. */
      readonly best?: number;
      /** Patience ended the training. */
      readonly early?: true;
    };

/** How far a phase is. */
export interface JobProgress {
  readonly type: 'progress';
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

/** When a measurement is made. */
export type When = 'before' | 'during' | 'after';

/** How much data there is. */
export interface JobData {
  readonly rows: number;
  /** Rows that were not too short or too long. */
  readonly kept: number;
  /** Different dialogues in these, where some come several times. */
  readonly dialogues?: number;
  readonly train: number;
  /** Of `sft`: prompts with a summary to learn, where dialogues have several. */
  readonly pairs?: number;
  readonly test: number;
  /** Texts to be learnt that were longer than the token limit. */
  readonly cut: number;
  /** Missing when every row could be read. */
  readonly skipped?: SkippedRows;
  /** Columns by what they hold, where that was found out: `{ text: 'tweet' }`. */
  readonly columns?: Readonly<Record<string, string>>;
}
