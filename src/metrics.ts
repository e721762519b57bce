/**
 * What a step is measured by: TRL's names, ours, and a typed view of them. `docs/ppo.md` has a
 * formula for each.
 */
import type { StepMetrics } from './events.ts';

/** The scalars that `PPOTrainer.step` of TRL 0.8.0 returns, under its names. */
export const trlScalars = [
  'objective/kl',
  'objective/kl_coef',
  'objective/entropy',
  'ppo/mean_non_score_reward',
  'ppo/mean_scores',
  'ppo/std_scores',
  'tokens/queries_len_mean',
  'tokens/queries_len_std',
  'tokens/responses_len_mean',
  'tokens/responses_len_std',
  'ppo/loss/policy',
  'ppo/loss/value',
  'ppo/loss/total',
  'ppo/policy/entropy',
  'ppo/policy/approxkl',
  'ppo/policy/policykl',
  'ppo/policy/clipfrac',
  'ppo/policy/advantages_mean',
  'ppo/returns/mean',
  'ppo/returns/var',
  'ppo/val/vpred',
  'ppo/val/error',
  'ppo/val/clipfrac',
  'ppo/val/mean',
  'ppo/val/var',
  'ppo/val/var_explained',
  'ppo/learning_rate',
  'time/ppo/forward_pass',
  'time/ppo/compute_rewards',
  'time/ppo/compute_advantages',
  'time/ppo/optimize_step',
  'time/ppo/calc_stats',
  'time/ppo/total',
] as const;

/** The arrays that it returns beside them. */
export const trlArrays = [
  'objective/kl_dist',
  'objective/logprobs',
  'objective/ref_logprobs',
  'ppo/policy/advantages',
  'ppo/policy/ratio',
  'tokens/queries_dist',
  'tokens/responses_dist',
] as const;

/** All 40 of them. */
export const trlStats = [...trlScalars, ...trlArrays] as const;

/** Scalars that TRL's `step` does not have; `env/reward/NAME` and a reward's own come on top. */
export const ownMetrics = [
  'objective/kl_per_token',
  'objective/kl_k3',
  'env/reward_mean',
  'env/reward_std',
  'env/group_zero_std',
  'env/truncated',
  'env/toxic_share',
  'sampling/sampling_logp_difference/mean',
  'sampling/sampling_logp_difference/max',
  'sampling/importance_sampling_ratio/min',
  'sampling/importance_sampling_ratio/mean',
  'sampling/importance_sampling_ratio/max',
  'guard/distinct2',
  'guard/copy_share',
  'guard/empty_share',
  'guard/duplicate_share',
  'time/generate',
  'time/reward',
  'time/record',
  'time/step',
] as const;

export type TrlScalar = (typeof trlScalars)[number];
export type TrlArray = (typeof trlArrays)[number];
export type TrlStat = (typeof trlStats)[number];
/** Name of a scalar that tactful knows. */
export type MetricName = TrlScalar | (typeof ownMetrics)[number];

/** Of a critic: missing with RLOO and GRPO. */
type CriticMetric = Extract<MetricName, `ppo/returns/${string}` | `ppo/val/${string}`>;
/** Of what stands around the learner: the reward, the sampling, the loop. */
type LoopMetric = Exclude<
  Extract<MetricName, `env/${string}` | `guard/${string}` | `time/${string}`>,
  TrlScalar
>;
/** Of a scoring beside the sampling's own: missing where there is none. */
type GapMetric = Extract<MetricName, `sampling/${string}`>;
type SometimesMetric = CriticMetric | LoopMetric | GapMetric;
type Known = Readonly<
  Record<Exclude<MetricName, SometimesMetric>, number> & Partial<Record<SometimesMetric, number>>
>;

/** `var_explained` -> `varExplained` */
type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;
/** The first part of names of several: `ppo/val/mean` -> `ppo` */
type Group<Name> = Name extends `${infer Head}/${string}` ? Head : never;
/** What a group holds, under the rest of the names. */
type Under<Flat, Head extends string> = {
  [Name in keyof Flat as Name extends `${Head}/${infer Rest}` ? Rest : never]: Flat[Name];
};
type Leaves<Flat> = {
  [Name in keyof Flat as Name extends `${string}/${string}`
    ? never
    : Camel<Name & string>]: Flat[Name];
};

/** `{ 'ppo/val/var_explained': V }` as `{ ppo: { val: { varExplained: V } } }`. */
export type Nested<Flat> = Leaves<Flat> & {
  readonly [Head in Group<keyof Flat> as Camel<Head>]: Nested<Under<Flat, Head>>;
};

/**
 * A step's metrics by group, in camelCase. A metric that only some steps have, for want of a critic
 * (`ppo.val`, `ppo.returns`) or of a trainer around the learner (`env`, `guard`), may be undefined.
 */
export type MetricTree = Nested<Known>;

/**
 * `metrics['ppo/val/var_explained']` as `nestMetrics(metrics).ppo.val.varExplained`, of a step's
 * statistics, of its arrays or of the metrics of an event. Only names that are known here: a metric
 * of a reward of your own (`env/reward/NAME`) keeps its flat name. Groups are always there.
 */
export function nestMetrics<V>(
  arrays: Readonly<Record<TrlArray, V>>,
): Nested<Readonly<Record<TrlArray, V>>>;
export function nestMetrics(metrics: StepMetrics): MetricTree;
export function nestMetrics(flat: Readonly<Record<string, unknown>>): unknown {
  const tree: Tree = {};
  for (const name of [...trlStats, ...ownMetrics]) {
    const path = name.split('/').map(camel);
    const leaf = path.pop()!;
    let group = tree;
    for (const head of path) {
      group[head] ??= {};
      group = group[head] as Tree;
    }
    if (name in flat) group[leaf] = flat[name];
  }
  return tree;
}

interface Tree {
  [name: string]: unknown;
}

function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
