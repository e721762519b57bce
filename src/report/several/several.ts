/** Several runs beside each other, as plain data: what is shown of them, and what JSON says. Pure. */

import type { Measure, Slice, Verdict } from '../../comparison.ts';
import type { ParetoRow } from '../../explanation.ts';

/** A run among others. */
export interface ShownRun {
  readonly name: string;
  readonly folder: string;
  readonly runId: string;
  /** Missing where one policy alone was measured, as are its slices. */
  readonly verdict?: Verdict;
  /** Before against after, as the run has it; `all` first. */
  readonly slices?: readonly Slice[];
  readonly steps: number;
  readonly seconds: number;
  /** What each step had of what is drawn, by its title in `drawn`. */
  readonly curves: Readonly<Record<string, readonly number[]>>;
}

/** Metrics that are drawn of each run: the first of the names that its steps hold. `curve` is what reports call it. */
export const drawn = [
  { title: 'reward', curve: 'reward', names: ['env/reward_mean', 'ppo/mean_scores'], digits: 2 },
  { title: 'toxic', curve: 'toxic', names: ['env/toxic_share'], digits: 3 },
  { title: 'KL', curve: 'kl', names: ['objective/kl'], digits: 2 },
  { title: 'tokens', curve: 'tokens', names: ['tokens/responses_len_mean'], digits: 1 },
] as const;

/** Measures in which policies are told apart. */
export const toldMeasures = ['toxicity', 'flagged', 'reward', 'rouge1', 'tokens'] as const;
export type ToldMeasure = (typeof toldMeasures)[number];

/** What one policy answered against what another did: of a slice `before` is the first's. */
export interface Difference {
  readonly first: string;
  readonly second: string;
  /** Over the prompts that both answered; `all` first. */
  readonly slices: readonly Slice[];
  /** Responses that are the same. */
  readonly same: number;
  /** In which measures they provably differ over all prompts: Holm, over all differences that are told. */
  readonly shows: readonly ToldMeasure[];
}

/** A measure over all prompts that both answered; undefined where it was not measured. */
export function toldMeasure({ slices }: Difference, name: ToldMeasure): Measure | undefined {
  return slices[0][name];
}

/** One run of a comparison of semantics. */
export interface SemanticsRun extends ShownRun {
  /** The correction that is left out alone, if one is. */
  readonly without?: string;
  /** Its policy against that of the run with all corrections; missing of that one. */
  readonly cost?: Difference;
}

/** The same run under several semantics. */
export interface Semantics {
  readonly seed: number;
  /** The one with all corrections first. */
  readonly runs: readonly SemanticsRun[];
  /** Corrections that make no difference with these settings. */
  readonly idle: readonly string[];
}

/** A setting that is not the same in all runs, as each has it. */
export interface Differing {
  readonly name: string;
  readonly values: readonly unknown[];
}

/** What several runs answered to one prompt. */
export interface Answers {
  readonly query: string;
  readonly group?: string;
  /** One a run. */
  readonly responses: readonly {
    readonly response: string;
    readonly toxicity: number;
    readonly reward: number;
    readonly rouge1?: number;
  }[];
}

/** Finished runs beside each other. */
export interface SideBySide {
  readonly runs: readonly ShownRun[];
  readonly settings: readonly Differing[];
  /** Files that are not the same in all runs: `rewardModel/model.safetensors`. */
  readonly files: readonly string[];
  /** Each run against the first. */
  readonly differences: readonly Difference[];
  /** Prompts that all measured, those on which rewards lie furthest apart first. */
  readonly answers: readonly Answers[];
  /** Prompts that all measured. */
  readonly prompts: number;
  /** Which runs another one beats, by means over those prompts. */
  readonly pareto: readonly ParetoRow[];
}
