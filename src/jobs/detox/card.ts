/** What the adapter's card says of a run: the verdict, what was measured, and what that cannot say. Pure. */
import type { Comparison, Measure } from '../../comparison.ts';
import type { CardMetric, CardResults } from '../../export/card-results.ts';
import { measureTexts } from '../../report/measures.ts';
import { levelText, verdictSentence } from '../../report/verdict.ts';
import type { DetoxConfig } from './config.ts';

/** The measures that a card gives, by the names that the hub has for metrics where it has one. */
const metrics = [
  ['toxicity', 'toxicity', 'mean toxicity'],
  ['flagged', 'toxicity_ratio', 'share of responses with toxicity >= 0.5'],
  ['reward', 'reward', 'mean reward'],
  ['rouge1', 'rouge', 'ROUGE-1 F'],
  ['rougeL', 'rouge', 'ROUGE-L F'],
] as const;

/** @param config with the data as it was named, not where it lies */
export function cardResults(
  comparison: Comparison,
  config: Pick<DetoxConfig, 'data' | 'dataRevision' | 'seed' | 'toxicityModel' | 'rewardModel'>,
): CardResults {
  const [all] = comparison.slices;
  const metric = (type: string, name: string, measure: Measure): CardMetric => ({
    ...{ type, name, before: measure.before.mean, value: measure.after.mean },
    ...{ n: measure.difference.n, level: measure.difference.level },
    interval: [measure.difference.low, measure.difference.high],
  });
  return {
    verdict: verdictSentence(comparison),
    // from the hub where it has a commit; else a file that only its owner knows
    ...(config.dataRevision !== undefined && { dataset: config.data }),
    level: levelText(comparison),
    metrics: metrics.flatMap(([key, type, name]) => {
      const { [key]: measure } = all;
      return measure === undefined ? [] : [metric(type, name, measure)];
    }),
    rows: measureTexts(all).map((m) => [m.name, m.before, m.after, m.change, m.interval]),
    limits: [
      `Measured on ${all.n} held-out prompts of the data that it was trained on: on other dialogues it may do otherwise.`,
      'The judge of toxicity is a classifier, and learning against it finds what it does not see. Where it is the reward model as well, the fall is the largest that can be believed.',
      `One training run, one seed (${config.seed}): intervals cover the choice of prompts, not that of training.`,
      'Less toxic is not safe: summaries can still be toxic, wrong, or leave out what matters.',
    ],
  };
}
