import type { Prompt } from '../../eval/evaluate.ts';
import type { MemoryEstimate } from '../../events.ts';
import { estimateMeasuring } from '../../model/measuring-memory.ts';
import type { Policy } from '../../model/policy.ts';
import type { GenerationConfig } from '../../model/sampling.ts';
import type { EngineTraits } from '../../runtime/traits.ts';
import type { DetoxConfig } from '../detox/config.ts';
import { around, type Judged, measured } from '../detox/memory.ts';

/** A policy, and what it is asked. */
interface Side {
  readonly policy: Policy;
  readonly model: string;
  readonly test: readonly Prompt[];
}

/** What of a measurement decides how much memory it takes. */
interface Parts {
  readonly sides: readonly Side[];
  readonly judges: Judged;
  readonly generation: Pick<GenerationConfig, 'maxNewTokens'>;
  readonly engine: Pick<EngineTraits, 'apart' | 'memory'>;
}

/** How much memory a measurement will take. */
export function memoryOf(
  { sides, judges, generation, engine }: Parts,
  { scoreOn, toxicityOn }: Pick<DetoxConfig, 'scoreOn' | 'toxicityOn'>,
): MemoryEstimate {
  const promptTokens = sides.flatMap(({ test }) => test.map(({ ids }) => ids.length));
  const { maxNewTokens: responseTokens } = generation;
  const readsPrompt = [scoreOn, toxicityOn].some((read) => read !== 'response');
  const longest = promptTokens.reduce((most, length) => Math.max(most, length), 0);
  const asked = Math.min(measured, Math.max(...sides.map(({ test }) => test.length)));
  return estimateMeasuring({
    ...{ apart: engine.apart, memory: engine.memory },
    policies: sides.map(({ policy, model }) => ({ shape: policy.shape, model })),
    rewardModel: judges.rewardModel.classifier.config,
    toxicityModel: judges.toxicityModel?.classifier.config,
    witnesses: (judges.witnesses ?? []).flatMap(({ classifier }) => classifier?.config ?? []),
    ...{ promptTokens, responseTokens, sampled: asked, scored: asked },
    judgedTokens: responseTokens + around + (readsPrompt ? longest : 0),
  });
}

/** What to do where it is not there. */
export const memoryRemedy =
  'Use a smaller `maxQueryTokens` or `maxNewTokens`, or a machine with more memory.';
