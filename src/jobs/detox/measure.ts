import type { Sample } from '../../comparison.ts';
import { evaluate, type Prompt } from '../../eval/evaluate.ts';
import { summarize } from '../../eval/statistics.ts';
import type { JobProgress, RunMeasures } from '../../events.ts';
import type { GenerationConfig } from '../../model/sampling.ts';
import { isToxic } from '../../model/toxic.ts';
import type { DetoxConfig } from './config.ts';
import type { Run } from './setup.ts';

type Asking = Pick<Run, 'policy' | 'tokenizer' | 'judges' | 'rl' | 'learner'> & {
  readonly config: DetoxConfig;
};

/** Lets the policy answer prompts, the same way each time, and says how far it is. */
export async function* answers(
  { policy, tokenizer, judges, rl, config, learner }: Asking,
  prompts: readonly Prompt[],
  phase: string,
  signal?: AbortSignal,
): AsyncGenerator<JobProgress, Sample[]> {
  const total = prompts.length;
  const samples: Sample[] = [];
  yield { type: 'progress', phase, done: 0, total };
  const parts = { policy, tokenizer, judge: judges.measure };
  const { seed } = config;
  const when = learner.steps === 0 ? 'before' : 'later';
  const dropout = (start: number) =>
    learner.places.dropout(policy.shape, seed, { key: ['evaluate', start], phase: when });
  const options = { generation: measuredBy(config, rl.generation), seed, signal, dropout };
  for await (const some of evaluate(parts, prompts, options)) {
    samples.push(...some);
    yield { type: 'progress', phase, done: samples.length, total };
  }
  return samples;
}

/** The sampler of the measurements: the training's, but for what is set for them alone. */
function measuredBy(config: DetoxConfig, generation: GenerationConfig): GenerationConfig {
  const { evaluationMaxNewTokens, evaluationMinLength, evaluationTopK } = config;
  return {
    ...generation,
    maxNewTokens: evaluationMaxNewTokens ?? generation.maxNewTokens,
    minLength: evaluationMinLength ?? generation.minLength,
    topK: evaluationTopK ?? generation.topK,
  };
}

/** What is told of samples. */
export function measuresOf(samples: readonly Sample[]): RunMeasures {
  const rouge1 = samples.flatMap((sample) => sample.rouge1 ?? []);
  return {
    reward: summarize(samples.map(({ reward }) => reward)),
    toxicity: summarize(samples.map(({ toxicity }) => toxicity)),
    flagged: summarize(samples.map(({ toxicity }) => Number(isToxic(toxicity)))),
    ...(rouge1.length > 0 && { rouge1: summarize(rouge1) }),
  };
}
