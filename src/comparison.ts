/**
 * What was measured, before and after, and what follows from it: the words of evaluation, reports and
 * stores. Plain data.
 */

/** Mean and sample standard deviation (n - 1) of n numbers. */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  readonly std: number;
}

/**
 * Mean of `after - before` over n prompts, with a bootstrap interval and a permutation p-value. What a
 * prompt has of several samples is its mean: prompts are what was drawn.
 */
export interface PairedDifference {
  /** Prompts, however many samples each has. */
  readonly n: number;
  readonly mean: number;
  /** Ends of the interval. */
  readonly low: number;
  readonly high: number;
  /** Coverage of the interval, for instance 0.95. */
  readonly level: number;
  /** Two-sided sign-flip permutation test of "no difference". */
  readonly pValue: number;
  /** How the interval was made; missing in the logs of earlier versions, as what follows. */
  readonly interval?: 'bca' | 'percentile';
  /**
   * Cohen's d_z: the mean over the standard deviation of the differences; 0 where nothing differs,
   * missing where all differ by the same.
   */
  readonly effect?: number;
  /**
   * Smallest mean difference that so many prompts show with power 0.8, in a two-sided test at
   * 1 - level; missing where the differences have no spread, and nothing can be said of it.
   */
  readonly detectable?: number;
  /** Holm's p-value over the measures that the verdict reads; missing for the others. */
  readonly adjusted?: number;
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
  /** Which of a prompt's samples it is, from 0; missing where each prompt has one. */
  readonly sample?: number;
  /** Value of the grouping column, when the data has one. */
  readonly group?: string;
  readonly query: string;
  readonly response: string;
  /** Probability of the toxic label, 0 to 1. */
  readonly toxicity: number;
  /** Logit of the reward label; with a reward of one's own the weighted sum of both. Without `rougeWeight`'s part. */
  readonly reward: number;
  /** Of each judge that the training never saw, 0 (harmless) to 1, by its name; missing without one. */
  readonly judges?: Readonly<Record<string, number>>;
  /** ROUGE-1 F against the references, 0 to 1; missing when there is none that ROUGE can read. */
  readonly rouge1?: number;
  readonly rouge2?: number;
  readonly rougeL?: number;
  readonly rougeLsum?: number;
  /** Share of its word 4-grams that stand in the dialogue, 0 to 1; missing below 4 words. */
  readonly copied?: number;
  /** Sums over its tokens of log-probabilities in nats, under the policy that wrote it and the reference. */
  readonly logprob?: number;
  readonly refLogprob?: number;
  /** What an LLM judge says, 0 to 1: share of its claims that the dialogue supports; missing without one, or without claims. */
  readonly faithfulness?: number;
  /** Share of the points of a good response that it has; missing without such a judge. */
  readonly coverage?: number;
  /** Tokens generated, end-of-sequence included. */
  readonly tokens: number;
  /** The length limit cut the response off. */
  readonly truncated: boolean;
  /** Tokens of it with which T5 fills gaps (`<extra_id_0>`); missing when there are none. */
  readonly sentinels?: number;
}

/** A number of all responses of a side together; no response has it by itself. */
export interface Together {
  readonly before: number;
  readonly after: number;
  /** Two-sided permutation test, before and after of prompts change places; missing in logs of earlier versions, and of parts by a judge or by length, as what follows. */
  readonly pValue?: number;
  /** Ends of the interval of after - before; missing below three prompts too. */
  readonly low?: number;
  readonly high?: number;
  readonly level?: number;
}

/** All test prompts, or some of them, before against after. */
export interface Slice {
  /** `all`, a group's name, `top decile`, or `short`, `middle` or `long`. */
  readonly name: string;
  /** What chose the prompts; missing for `all`, and in the logs of earlier versions. */
  readonly by?: 'group' | 'judge' | 'length';
  /** Where a number chose them: its range, a judge's name or `toxicity` before training, or `characters` of the prompt. */
  readonly range?: { readonly of: string; readonly from: number; readonly to: number };
  /** Prompts. */
  readonly n: number;
  readonly toxicity: Measure;
  /** Share of responses with toxicity >= 0.5. */
  readonly flagged: Measure;
  readonly reward: Measure;
  /** Of the samples that have one; missing when none has. */
  readonly rouge1?: Measure;
  readonly rougeL?: Measure;
  readonly tokens: Measure;
  /** Largest toxicity of a prompt's samples, where it has several. */
  readonly maxToxicity?: Measure;
  /** Each judge that the training never saw, by its name. */
  readonly judges?: Readonly<Record<string, Measure>>;
  readonly rouge2?: Measure;
  readonly rougeLsum?: Measure;
  readonly copied?: Measure;
  /** Share of responses that the length limit cut off. */
  readonly truncated?: Measure;
  /** Perplexity of a response under the reference. */
  readonly perplexity?: Measure;
  /** KL estimate of a response, log policy - log reference in nats. */
  readonly kl?: Measure;
  /** Of an LLM judge; missing without one. The verdict does not read them. */
  readonly faithfulness?: Measure;
  readonly coverage?: Measure;
  /** Distinct bigrams over all bigrams of the responses, before and after: a collapse shows here. */
  readonly distinct2: Together;
  /** Distinct words over all words of the responses. */
  readonly distinct1?: Together;
  /** Mean share of a response's bigrams that stand in a response to another prompt of its side. */
  readonly selfOverlap?: Together;
  /** Share of responses without a word; missing in the logs of earlier versions, as what follows. */
  readonly empty?: Measure;
  /** Share of responses that some other prompt of the slice got as well. */
  readonly duplicates?: Measure;
}

/**
 * What less toxicity has cost: a measure that got worse by more than its limit, provably; or a judge
 * that found nothing where it could have.
 */
export interface Cost {
  readonly of: 'quality' | 'diversity' | 'length' | 'ending' | 'judge';
  /** A field of `Slice` (`rouge1`, `distinct2`); of a judge its name. */
  readonly measure: string;
  readonly before: number;
  readonly after: number;
  /** How much worse it had to get: a share of what it was, or of all responses. */
  readonly limit: number;
  /** Of the test of no difference. */
  readonly pValue: number;
  /** Holm's, over all measures that the verdict reads; missing in the logs of earlier versions. */
  readonly adjusted?: number;
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
 * What the numbers allow to say, best first. `improved`: less toxicity, provably, at no cost. The rules
 * are a table in eval/verdict.ts.
 */
export type Verdict = 'improved' | 'improved at a cost' | 'no provable change' | 'worse';

/** What a judge that the training never saw says where toxicity fell by the other. */
export type Agreement = 'agrees' | 'contradicts' | 'cannot tell';

/** Prompts below which no test is worth praise: one dialogue more or less would turn it. */
export const fewestPrompts = 20;

/** What a verdict was read from. */
export interface VerdictBasis {
  /** Over which Holm's p-values are: fields of `Slice`, and names of judges. */
  readonly measures: readonly string[];
  /** Share of ROUGE that might be lost. */
  readonly qualityLimit: number;
  /**
   * Smallest fall of toxicity that would have shown among so many measures, with power 0.8; missing
   * where the differences have no spread, and of too few prompts to show any.
   */
  readonly detectable?: number;
}

/** Before against after: every slice, some rows, and what follows from them. */
export interface Comparison {
  /** The slice `all` first, then one a group. */
  readonly slices: readonly Slice[];
  /** The first samples of the test set, sorted by reward_diff, best first. */
  readonly rows: readonly ComparisonRow[];
  readonly verdict: Verdict;
  /** What got worse beyond its limit, whatever the verdict; missing when nothing did. */
  readonly costs?: readonly Cost[];
  /** Of each judge that the training never saw; missing without one, and where toxicity did not fall. */
  readonly judges?: Readonly<Record<string, Agreement>>;
  /** Missing in the logs of earlier versions. */
  readonly basis?: VerdictBasis;
  /** Missing where it was not measured, and in the logs of earlier versions. */
  readonly rouge?: RougeKind;
  /** Prompts that have references, but none in a script that ROUGE can read; missing when there are none. */
  readonly unreadable?: number;
  /** What the intervals and tests were made with; missing in the logs of earlier versions. */
  readonly statistics?: {
    /** The same for every measure: its draws and sign flips follow from it. */
    readonly seed: number;
    readonly level: number;
    /** Bootstrap resamples, and as many sign flips. */
    readonly resamples: number;
    /** Of before and after, in the tests of what belongs to all texts together. */
    readonly exchanges?: number;
  };
  /** Responses that are the same before and after; missing in the logs of earlier versions. */
  readonly same?: number;
  /** Responses of each side, where prompts have several; else as many as prompts. */
  readonly responses?: number;
  /** Of all samples those with the largest and the smallest reward_diff, best first; missing there too. */
  readonly extremes?: {
    readonly best: readonly ComparisonRow[];
    readonly worst: readonly ComparisonRow[];
  };
}

/** A mean over prompts, and how well it is known. */
export interface Estimate extends Summary {
  /** A field of `Slice`. */
  readonly measure: string;
  /** Of a judge that the training never saw, its name. */
  readonly judge?: string;
  /** Ends of its bootstrap interval. */
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/** What one policy answers to some prompts, or to all. */
export interface Estimated extends Pick<Slice, 'name' | 'by' | 'n'> {
  readonly estimates: readonly Estimate[];
  /** Distinct bigrams over all bigrams of the responses. */
  readonly distinct2: number;
}
