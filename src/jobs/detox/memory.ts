import type { Prompt } from '../../eval/evaluate.ts';
import type { MemoryEstimate } from '../../events.ts';
import type { Classifier } from '../../model/classifier.ts';
import { estimateMemory } from '../../model/memory.ts';
import type { Policy } from '../../model/policy.ts';
import type { RlConfig } from '../../rl/config.ts';
import { policyLoss } from '../../rl/loss.ts';
import type { EngineTraits } from '../../runtime/traits.ts';
import type { DetoxConfig } from './config.ts';

type Judging = { readonly classifier: Pick<Classifier, 'config'> };

/** Of judges what takes memory. */
export interface Judged {
  readonly rewardModel: Judging;
  readonly toxicityModel?: Judging | undefined;
  /** Lists of words take nothing. */
  readonly witnesses?: readonly Partial<Judging>[] | undefined;
}

/** What of a job decides how much memory it takes. */
interface Parts {
  readonly policy: Policy;
  readonly judges: Judged;
  readonly train: readonly Prompt[];
  readonly validation: readonly Prompt[];
  readonly test: readonly Prompt[];
  readonly rl: RlConfig;
  readonly engine: Pick<EngineTraits, 'apart' | 'memory'>;
}

type Settings = Pick<DetoxConfig, 'scoreOn' | 'toxicityOn' | 'evaluationMaxNewTokens'>;

/** Prompts that are answered at a time when a run measures; see eval/evaluate.ts. */
export const measured = 64;
/** Tokens that a classifier puts around a text. */
export const around = 4;

/** How much memory a run will take. */
export function memoryOf(
  { policy, judges, train, validation, test, rl, engine }: Parts,
  { scoreOn, toxicityOn, evaluationMaxNewTokens = 0 }: Settings,
): MemoryEstimate {
  const promptTokens = [train, validation, test].flat().map(({ ids }) => ids.length);
  const { generation, responseLimits, batchSize, miniBatchSize } = rl;
  const limits = [generation.maxNewTokens, (responseLimits?.[1] ?? 0) - 1, evaluationMaxNewTokens];
  const responseTokens = Math.max(...limits);
  const readsPrompt = [scoreOn, toxicityOn].some((read) => read !== 'response');
  const longest = promptTokens.reduce((most, length) => Math.max(most, length), 0);
  const asked = Math.min(measured, Math.max(test.length, validation.length));
  return estimateMemory({
    ...{ apart: engine.apart, memory: engine.memory },
    policy: policy.shape,
    loss: policyLoss(rl),
    rewardModel: judges.rewardModel.classifier.config,
    toxicityModel: judges.toxicityModel?.classifier.config,
    witnesses: (judges.witnesses ?? []).flatMap(({ classifier }) => classifier?.config ?? []),
    promptTokens,
    responseTokens,
    sampled: Math.max(batchSize, asked),
    scored: Math.max(batchSize, asked),
    learnt: miniBatchSize,
    older: rl.staleness,
    judgedTokens: responseTokens + around + (readsPrompt ? longest : 0),
  });
}

/** What to do where it is not there. */
export const memoryRemedy =
  'Use `gradientCheckpointing`, or a smaller `miniBatchSize`, `maxQueryTokens`, ' +
  '`maxNewTokens` or `batchSize`, or a machine with more memory.';
