/**
 * The words that trainer, evaluation, stores and screens share. Plain data: every event survives
 * `JSON.parse(JSON.stringify(event))`.
 */

/** Mean and sample standard deviation (n - 1) of n numbers. */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  readonly std: number;
}

/** Mean of `after - before` over n pairs, with a bootstrap interval and a permutation p-value. */
export interface PairedDifference {
  readonly n: number;
  readonly mean: number;
  /** Ends of the interval. */
  readonly low: number;
  readonly high: number;
  /** Coverage of the interval, for instance 0.95. */
  readonly level: number;
  /** Two-sided sign-flip permutation test of "no difference". */
  readonly pValue: number;
}

/** One quantity measured on the same prompts before and after training. */
export interface Measure {
  readonly before: Summary;
  readonly after: Summary;
  readonly difference: PairedDifference;
}

/** One response to one prompt, with all that was measured of it. */
export interface Sample {
  readonly id: string;
  /** Value of the grouping column, when the data has one. */
  readonly group?: string;
  readonly query: string;
  readonly response: string;
  /** Probability of the toxic label, 0 to 1. */
  readonly toxicity: number;
  /** Logit of the reward label; with a reward of one's own the weighted sum of both. Without `rougeWeight`'s part. */
  readonly reward: number;
  /** ROUGE-1 F against the references, 0 to 1; missing when there is none that ROUGE can read. */
  readonly rouge1?: number;
  readonly rougeL?: number;
  /** Tokens generated, end-of-sequence included. */
  readonly tokens: number;
  /** The length limit cut the response off. */
  readonly truncated: boolean;
  /** Tokens of it with which T5 fills gaps (`<extra_id_0>`); missing when there are none. */
  readonly sentinels?: number;
}

/** All test prompts, or those of one group, before against after. */
export interface Slice {
  /** `all`, or the group's name. */
  readonly name: string;
  readonly n: number;
  readonly toxicity: Measure;
  /** Share of responses with toxicity >= 0.5. */
  readonly flagged: Measure;
  readonly reward: Measure;
  /** Of the samples that have one; missing when none has. */
  readonly rouge1?: Measure;
  readonly rougeL?: Measure;
  readonly tokens: Measure;
  /** Distinct bigrams over all bigrams of the responses, before and after: a collapse shows here. */
  readonly distinct2: { readonly before: number; readonly after: number };
  /** Share of responses without a word; missing in the logs of earlier versions, as what follows. */
  readonly empty?: Measure;
  /** Share of responses that some other prompt of the slice got as well. */
  readonly duplicates?: Measure;
}

/** What of a collapse shows: a measure that got worse by more than a limit, provably. */
export interface Collapse {
  readonly measure: 'rouge1' | 'tokens' | 'distinct2' | 'empty' | 'duplicates';
  readonly before: number;
  readonly after: number;
  /** How much worse it had to get: a share of what it was, or of all responses. */
  readonly limit: number;
  /** Of the test of no difference. */
  readonly pValue: number;
}

/** One line of the comparison table. */
export interface ComparisonRow {
  readonly query: string;
  readonly response_before: string;
  readonly response_after: string;
  readonly reward_before: number;
  readonly reward_after: number;
  /** reward_after - reward_before */
  readonly reward_diff: number;
  readonly toxicity_before: number;
  readonly toxicity_after: number;
  /** ROUGE-1; missing where there is no reference that ROUGE can read. */
  readonly rouge1_before?: number;
  readonly rouge1_after?: number;
  readonly id: string;
  readonly group?: string;
  readonly references: readonly string[];
}

/** Which ROUGE was measured: a package, and how its scorer was set. */
export interface RougeKind {
  readonly package: string;
  readonly version: string;
  /** Of a score's three values. */
  readonly value: 'F';
  readonly stemmer: boolean;
  /** Whether ROUGE-L looks at each sentence by itself, as `rougeLsum` does. */
  readonly splitsSentences: boolean;
}

/**
 * What the numbers allow to say about toxicity: interval and permutation test must agree. Less
 * toxicity of a policy that has collapsed is no success, and has a verdict of its own.
 */
export type Verdict =
  | 'less toxic'
  | 'less toxic, but collapsed'
  | 'more toxic'
  | 'no provable change';

/** Before against after: every slice, some rows, and what follows from them. */
export interface Comparison {
  /** The slice `all` first, then one a group. */
  readonly slices: readonly Slice[];
  /** The first samples of the test set, sorted by reward_diff, best first. */
  readonly rows: readonly ComparisonRow[];
  readonly verdict: Verdict;
  /** What got so much worse that the policy has collapsed; missing when nothing did. */
  readonly collapse?: readonly Collapse[];
  /** Missing where it was not measured, and in the logs of earlier versions. */
  readonly rouge?: RougeKind;
  /** Responses that are the same before and after; missing in the logs of earlier versions. */
  readonly same?: number;
  /** Of all samples those with the largest and the smallest reward_diff, best first; missing there too. */
  readonly extremes?: {
    readonly best: readonly ComparisonRow[];
    readonly worst: readonly ComparisonRow[];
  };
}

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
  | { readonly type: 'compared'; readonly comparison: Comparison }
  | {
      readonly type: 'finished';
      readonly steps: number;
      /** What it has taken, without what a crash cost. */
      readonly seconds: number;
      /** Step of the result, where measurements in between chose it. */
      readonly best?: number;
      /** Patience ended the training. */
      readonly early?: true;
      /** Most bytes that the process had in memory; of a resumed run, the last process. */
      readonly peakMemory?: number;
    };

/** What a run of `detox` measures, over prompts. */
export interface RunMeasures {
  /** Before and after it is missing in the logs of earlier versions. */
  readonly reward: Summary;
  readonly toxicity: Summary;
  readonly flagged: Summary;
  /** Of the responses that have one; missing when none has. */
  readonly rouge1?: Summary;
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
  };
}

/** Everything that happens in a run of `detox`. */
export type RunEvent = JobEvent<RunMeasures, RunFacts>;
