/** What a report says of why samples gain: the sentences that each language has. */
import type { FeatureName, Given, Quadrant, WordCount } from '../../explanation.ts';

/** Of which measure, and whether it got better. */
export interface Moved {
  readonly of: 'toxicity' | 'reward';
  readonly better: boolean;
}

/** A change that is a finding, its numbers as texts. */
export interface ChangeTexts extends Moved {
  readonly before: string;
  readonly after: string;
  readonly fell: boolean;
  /** `89 % [80 %, 96 %]` of the mean gain; missing where it is no cause. */
  readonly share?: string;
  /** `−0.93 [−0.96, −0.88]` */
  readonly rho: string;
  readonly most?: { readonly with: string; readonly of: string };
  readonly others?: { readonly with: string; readonly of: string };
  readonly words: readonly WordCount[];
}

export interface GivenTexts extends Moved {
  readonly group: string;
  readonly n: string;
  readonly without: string;
  /** Mean gain of those that have it, and of the others. */
  readonly gain: string;
  readonly gainWithout: string;
  /** Whether those that have it gain more. */
  readonly more: boolean;
}

export interface WhyWords {
  readonly title: string;
  /** Below the title: what it rests on. */
  readonly basis: (of: { prompts: string; alpha: string }) => string;
  /** When nothing was found. */
  readonly nothing: string;
  readonly features: Readonly<Record<FeatureName, string>>;
  /** A cause, the first of its measure or one beside it. */
  readonly cause: (feature: FeatureName, texts: ChangeTexts, place: number) => string;
  readonly against: (feature: FeatureName, texts: ChangeTexts) => string;
  readonly given: (given: Given['given'], texts: GivenTexts) => string;
  readonly went: (grams: string) => string;
  readonly came: (grams: string) => string;
  /** `“clown” (12 → 3)` */
  readonly gram: (gram: string, before: string, after: string) => string;
  readonly correlations: string;
  /** Heads of the table of correlations. */
  readonly columns: readonly [string, string, string, string, string, string];
  readonly correlationsNote: (level: string) => string;
  readonly gained: (n: number) => string;
  readonly lost: (n: number) => string;
  readonly pairColumns: readonly [string, string, string, string];
  readonly together: {
    readonly title: string;
    readonly quadrants: Readonly<Record<Quadrant, string>>;
    readonly columns: readonly [string, string, string];
    /** Of those that gained: what ROUGE-1 did, `change` with interval. */
    readonly ofGained: (texts: {
      n: string;
      change: string;
      outcome: 'rose' | 'fell' | 'open';
    }) => string;
    readonly correlation: (rho: string) => string;
  };
  readonly pareto: {
    readonly checkpoint: (step: number) => string;
    readonly title: string;
    readonly columns: readonly [string, string, string, string, string];
    readonly front: string;
    readonly dominated: (names: string) => string;
    readonly note: string;
  };
}
