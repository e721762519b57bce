/** What reports show of a training's steps. Pure. */
import type { StepMetrics } from '../events.ts';
import type { EventOf } from './facts.ts';
import type { ReportWords } from './words/report-words.ts';

export interface Curve {
  readonly key: keyof ReportWords['curves'];
  readonly digits: number;
  /** As a line, beside the table. */
  readonly drawn: boolean;
  /** Of one step, where it has it. */
  readonly value: (metrics: StepMetrics) => number | undefined;
}

interface Column extends Omit<Curve, 'value'> {
  readonly names: readonly string[];
}

/** In order of interest; each is the first of the names that the steps hold. */
const columns: readonly Column[] = [
  {
    ...{ key: 'reward', digits: 3, drawn: true },
    names: ['env/reward_mean', 'ppo/mean_scores'],
  },
  { key: 'toxic', names: ['env/toxic_share'], digits: 3, drawn: true },
  { key: 'kl', names: ['objective/kl'], digits: 3, drawn: true },
  { key: 'klCoef', names: ['objective/kl_coef'], digits: 4, drawn: false },
  { key: 'loss', names: ['ppo/loss/total', 'loss'], digits: 4, drawn: false },
  { key: 'clipped', names: ['ppo/policy/clipfrac'], digits: 3, drawn: false },
  { key: 'tokens', names: ['tokens/responses_len_mean'], digits: 1, drawn: false },
];

/** Those of which the steps hold something. */
export function curvesOf(steps: readonly EventOf<'step'>[]): Curve[] {
  return columns.flatMap(({ names, ...curve }) => {
    const name = names.find((candidate) => steps.some(({ metrics }) => candidate in metrics));
    if (name === undefined) return [];
    const value = (metrics: StepMetrics) => (name in metrics ? metrics[name] : undefined);
    return [{ ...curve, value }];
  });
}
