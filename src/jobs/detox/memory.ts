import { UnavailableError } from '../../errors.ts';
import type { Prompt } from '../../eval/evaluate.ts';
import type { MemoryEstimate } from '../../events.ts';
import type { Classifier } from '../../model/classifier.ts';
import { estimateMemory, type Holding } from '../../model/memory.ts';
import type { Policy } from '../../model/policy.ts';
import { byteText, memoryText } from '../../report/text.ts';
import type { RlConfig } from '../../rl/config.ts';
import { policyLoss } from '../../rl/loss.ts';
import type { Engine } from '../../runtime/engine.ts';
import { availableMemory } from '../../runtime/machine.ts';
import type { DetoxConfig } from './config.ts';

type Judging = { readonly classifier: Pick<Classifier, 'config'> };

/** What of a job decides how much memory it takes. */
interface Parts {
  readonly policy: Policy;
  readonly judges: {
    readonly rewardModel: Judging;
    readonly toxicityModel?: Judging | undefined;
  };
  readonly train: readonly Prompt[];
  readonly validation: readonly Prompt[];
  readonly test: readonly Prompt[];
  readonly rl: RlConfig;
  readonly engine: Described;
}

type Described = Pick<Engine, 'description'>;
type Settings = Pick<DetoxConfig, 'scoreOn' | 'toxicityOn' | 'evaluationMaxNewTokens'>;

/** Prompts that are answered at a time when a run measures; see eval/evaluate.ts. */
const measured = 64;
/** Tokens that a classifier puts around a text. */
const around = 4;

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
  const estimate = estimateMemory({
    ...holdingOf(engine),
    policy: policy.shape,
    loss: policyLoss(rl),
    rewardModel: judges.rewardModel.classifier.config,
    toxicityModel: judges.toxicityModel?.classifier.config,
    promptTokens,
    responseTokens,
    sampled: Math.max(batchSize, Math.min(measured, Math.max(test.length, validation.length))),
    scored: batchSize,
    learnt: miniBatchSize,
    judgedTokens: responseTokens + around + (readsPrompt ? longest : 0),
  });
  return marked(estimate, engine);
}

export const memoryRemedy =
  'Use `gradientCheckpointing`, or a smaller `miniBatchSize`, `maxQueryTokens`, ' +
  '`maxNewTokens` or `batchSize`, or a machine with more memory.';

/** Whether a run computes in the memory of this process: another device has its own, of unknown size. */
export function isInMemory({ description }: Described): boolean {
  return / cpu\b/.test(description);
}

/** How an engine holds weights and memory. */
export function holdingOf({ description }: Described): Holding {
  return { apart: /^openvino\b/.test(description) };
}

/** The estimate, marked where it is rough: OpenVINO's own share varies, and in bf16 was not measured. */
export function marked(estimate: MemoryEstimate, engine: Described): MemoryEstimate {
  return holdingOf(engine).apart ? { ...estimate, rough: true } : estimate;
}

/**
 * Refuses what cannot end well: a process that is killed for want of memory says nothing. A rough
 * estimate refuses nothing.
 * @throws {UnavailableError} when there is less than the run will take
 */
export async function checkMemory(
  estimate: MemoryEstimate,
  engine: Described,
  remedy: string,
  available: () => Promise<number> = availableMemory,
): Promise<void> {
  if (!isInMemory(engine) || estimate.rough) return;
  const there = await available();
  if (estimate.total <= there) return;
  const needed = memoryText(estimate);
  throw new UnavailableError('memory', needed, `${byteText(there)} available`, remedy);
}
