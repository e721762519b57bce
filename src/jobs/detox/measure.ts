import type { Sample } from '../../comparison.ts';
import {
  type EvaluationOptions,
  type EvaluationParts,
  evaluate,
  type Prompt,
  testimonies,
} from '../../eval/evaluate.ts';
import { summarize } from '../../eval/statistics.ts';
import { mean } from '../../eval/sums.ts';
import type { JobProgress, RunMeasures } from '../../events.ts';
import type { GenerationConfig } from '../../model/sampling.ts';
import { isToxic } from '../../model/toxic.ts';
import type { RandomKey } from '../../random.ts';
import type { DetoxConfig } from './config.ts';
import type { Run } from './setup.ts';

type Asking = Pick<Run, 'policy' | 'tokenizer' | 'judges' | 'rl' | 'learner'> & {
  readonly config: DetoxConfig;
};

/** How much is measured of answers: by default one of each prompt, by the judges of the training. */
export type Extent = Pick<EvaluationParts, 'witnesses' | 'reference'> &
  Pick<EvaluationOptions, 'samplesPerPrompt' | 'signal'> &
  Pick<JobProgress, 'passing'>;

/**
 * Lets the policy answer prompts, the same way each time, and says how far it is. Whoever has a policy
 * and no training asks `evaluate` itself.
 */
export async function* answers(
  { policy, tokenizer, judges, rl, config, learner }: Asking,
  prompts: readonly Prompt[],
  phase: string,
  { witnesses = [], reference, samplesPerPrompt = 1, signal, passing }: Extent = {},
): AsyncGenerator<JobProgress, Sample[]> {
  const total = samplesPerPrompt * prompts.length;
  const samples: Sample[] = [];
  const at = { type: 'progress' as const, phase, total, ...(passing && { passing }) };
  yield { ...at, done: 0 };
  const parts = { policy, tokenizer, judge: judges.measure, witnesses, reference };
  const { seed, rougeStemmer: stemmer } = config;
  const when = learner.steps === 0 ? 'before' : 'later';
  const dropout = (start: number, sample: number) => {
    const key: RandomKey = ['evaluate', start, ...(sample > 0 ? [sample] : [])];
    return learner.places.dropout(policy.shape, seed, { key, phase: when });
  };
  const generation = measuredBy(config, rl.generation);
  const options = { generation, seed, samplesPerPrompt, stemmer, signal, dropout };
  for await (const some of evaluate(parts, prompts, options)) {
    samples.push(...some);
    yield { ...at, done: samples.length };
  }
  return samples;
}

/** The sampler of the measurements: the training's, but for what is set for them alone. */
export function measuredBy(config: DetoxConfig, generation: GenerationConfig): GenerationConfig {
  const { evaluationMaxNewTokens, evaluationMinLength, evaluationTopK } = config;
  return {
    ...generation,
    maxNewTokens: evaluationMaxNewTokens ?? generation.maxNewTokens,
    minLength: evaluationMinLength ?? generation.minLength,
    topK: evaluationTopK ?? generation.topK,
  };
}

/** Samples at a time that judges read once more: as when they were made, for the same numbers. */
const chunk = 64;

/**
 * Samples that were measured before, as the judges of now see them: these change nothing that is
 * learnt, and may be others than then.
 */
export async function judgedAgain(
  samples: readonly Sample[],
  witnesses: EvaluationParts['witnesses'] = [],
): Promise<Sample[]> {
  const judged: Sample[] = [];
  for (let start = 0; start < samples.length; start += chunk) {
    const part = samples.slice(start, start + chunk);
    const seen = await testimonies(
      witnesses,
      part.map(({ response }) => response),
    );
    for (const [i, { judges: _, ...sample }] of part.entries())
      judged.push({ ...sample, ...(witnesses.length > 0 && { judges: seen[i] }) });
  }
  return judged;
}

/** What is told of samples, over prompts: of several samples of one their mean counts. */
export function measuresOf(samples: readonly Sample[]): RunMeasures {
  const over = (read: (sample: Sample) => number | undefined) => {
    const values = new Map<string, number[]>();
    for (const sample of samples) {
      const value = read(sample);
      if (value !== undefined)
        values.set(sample.query, [...(values.get(sample.query) ?? []), value]);
    }
    return summarize([...values.values()].map(mean));
  };
  const rouge1 = over((sample) => sample.rouge1);
  const names = Object.keys(samples[0]?.judges ?? {});
  const judges = names.map((name) => [name, over((sample) => sample.judges?.[name])] as const);
  return {
    reward: over(({ reward }) => reward),
    toxicity: over(({ toxicity }) => toxicity),
    flagged: over(({ toxicity }) => Number(isToxic(toxicity))),
    ...(rouge1.n > 0 && { rouge1 }),
    ...(judges.length > 0 && { judges: Object.fromEntries(judges) }),
  };
}
