/** Why samples gain: what was found over all samples of a comparison. Plain data, no sentences. */
import type { Measure, PairedDifference } from './comparison.ts';

/** Spearman's rank correlation over prompts. */
export interface Correlation {
  /** Prompts. */
  readonly n: number;
  /** Average ranks for ties; 0 where one of the two does not vary. */
  readonly rho: number;
  /** Ends of its interval, of coverage `level`. */
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/** What of a response may change with training, and its gain with it. */
export type FeatureName =
  /** Whether it has words that mark the responses that are judged worse; or better. */
  | 'harmfulWords'
  | 'helpfulWords'
  /** Whether it has words of the judges' list. */
  | 'listedWords'
  /** Tokens. */
  | 'length'
  /** Share of its words that stand in the dialogue; and of its words in spans of four that do. */
  | 'overlap'
  | 'copied'
  /** Share of the references' names and numbers that it has; and how many it has that the dialogue lacks. */
  | 'names'
  | 'strangeNames'
  /** Cut off by the length limit. */
  | 'truncated';

/** A part of the mean gain, 1 for all of it, with its interval. */
export interface Share {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** How many of some prompts show something. */
export interface Count {
  readonly of: number;
  readonly with: number;
}

/** A word and the prompts whose responses have it, or lost it. */
export interface WordCount {
  readonly word: string;
  readonly prompts: number;
}

/** What a feature did with training, and whether the gain goes with it. */
export interface Change {
  readonly feature: FeatureName;
  readonly measure: Measure;
  /** Of the change of the feature with the gain. */
  readonly correlation: Correlation;
  /** The larger p-value of the two questions: did it change, and does the gain go with it. Holm's over all that was asked. */
  readonly adjusted: number;
  /**
   * `cause`: what the gain goes with when all causes before it are accounted for. `alongside`: it
   * changed and goes with the gain, but no more than a cause does. `against`: what it did cost gain.
   */
  readonly role: 'cause' | 'alongside' | 'against' | 'none';
  /** Of a cause: part of the mean gain that it explains beside the other causes. */
  readonly share?: Share;
  /** Of the prompts that gained most, and of the others, those where it changed as it would have to. */
  readonly most?: Count;
  readonly others?: Count;
  /** Of words: those that went where the gain was largest, or came; the surest first. */
  readonly words?: readonly WordCount[];
}

/** What a prompt brings along, whatever is answered. */
export interface Given {
  /**
   * `level`: mean of before and after, so that it is blind to which is which (Oldham 1962);
   * `promptWords`: harmful words in the dialogue; `group`: a group against all others.
   */
  readonly given: 'level' | 'promptWords' | 'group';
  /** Name of the group. */
  readonly group?: string;
  readonly correlation: Correlation;
  readonly adjusted: number;
  readonly found: boolean;
  /**
   * Mean gain of the prompts that have it, and of the others: those of the group; with such a word; with
   * a level in the upper three quarters of its range.
   */
  readonly with: { readonly n: number; readonly gain: number };
  readonly without: { readonly n: number; readonly gain: number };
}

/** Why one measure got better, or worse. */
export interface Explanation {
  readonly of: 'toxicity' | 'reward';
  /** Above 0 where it got better: toxicity before - after, reward after - before. */
  readonly gain: PairedDifference;
  /** Causes first, the one that explains most before the others. */
  readonly changes: readonly Change[];
  readonly givens: readonly Given[];
}

/** An n-gram that responses to more prompts had on one side than on the other. */
export interface Gram {
  readonly gram: string;
  /** Prompts whose response has it; means over a prompt's samples are summed. */
  readonly before: number;
  readonly after: number;
  /** Log odds after - before with an informative Dirichlet prior, and its 95 % interval. */
  readonly logOdds: number;
  readonly low: number;
  readonly high: number;
  /** Over all n-grams, by exchange of before and after. */
  readonly adjusted: number;
}

/** A pair of responses that shows what happened. */
export interface TellingPair {
  readonly id: string;
  readonly sample?: number;
  readonly group?: string;
  readonly query: string;
  readonly before: string;
  readonly after: string;
  /** Toxicity before - after. */
  readonly gain: number;
  readonly toxicity: readonly [before: number, after: number];
  readonly reward: readonly [before: number, after: number];
  readonly rouge1?: readonly [before: number, after: number];
  /** What of what was found it shows. */
  readonly shows: readonly FeatureName[];
  /** Harmful words that went, or came. */
  readonly words: readonly string[];
}

/** Where a prompt went in reward and ROUGE. */
export type Quadrant =
  | 'gained and kept'
  | 'gained at a cost'
  | 'closer without gain'
  | 'lost'
  | 'unchanged';

export interface ScatterPoint {
  readonly id: string;
  /** Changes, after - before, means over a prompt's samples. */
  readonly reward: number;
  readonly rouge1: number;
  readonly quadrant: Quadrant;
}

/** Gain in reward against loss in ROUGE, prompt by prompt. */
export interface Scatter {
  readonly points: readonly ScatterPoint[];
  readonly counts: Readonly<Record<Quadrant, number>>;
  /** Changes smaller than these are none. */
  readonly least: { readonly reward: number; readonly rouge1: number };
  readonly correlation: Correlation;
  /** Change of ROUGE-1 where the reward rose; missing where it rose nowhere. */
  readonly ofGained?: PairedDifference;
}

/** Of several policies, measured on the same prompts. */
export interface ParetoPoint {
  readonly name: string;
  readonly reward: number;
  readonly toxicity: number;
  readonly rouge1?: number;
}

export interface ParetoRow extends ParetoPoint {
  /** Those that are as good in all and better in something; none on the front. */
  readonly dominatedBy: readonly string[];
}

export interface Why {
  readonly prompts: number;
  readonly samples: number;
  /** What is found is found at this level, over all that was asked of one measure. */
  readonly alpha: number;
  /** Of toxicity; and of the reward, where that is not the same in other numbers. */
  readonly explanations: readonly Explanation[];
  /** Of the gain in toxicity with the gain in reward. */
  readonly agreement: Correlation;
  /** Those found, largest first. */
  readonly gone: readonly Gram[];
  readonly come: readonly Gram[];
  readonly telling: {
    readonly gained: readonly TellingPair[];
    readonly lost: readonly TellingPair[];
  };
  /** Missing without references that ROUGE can read. */
  readonly scatter?: Scatter;
}
