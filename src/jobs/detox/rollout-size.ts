/** How much of a disk a run's `rollouts/` takes. Pure. */
import type { Prompt } from '../../eval/evaluate.ts';
import type { RolloutSize } from '../../events.ts';
import type { RlConfig } from '../../rl/config.ts';
import type { DetoxConfig } from './config.ts';

/** Of each token eight numbers, its id and its text; of a response its text and the rest: measured, gzipped. */
const ofToken = 50;
const ofResponse = 200;

interface Parts {
  readonly train: readonly Pick<Prompt, 'text'>[];
  readonly rl: Pick<
    RlConfig,
    'steps' | 'batchSize' | 'numGenerations' | 'generation' | 'responseLimits'
  >;
}

/** At most, with every response as long as it may be; undefined where nothing is kept. */
export function rolloutSizeOf(
  { train, rl }: Parts,
  { keepRollouts = rl.steps }: Pick<DetoxConfig, 'keepRollouts'>,
): RolloutSize | undefined {
  if (keepRollouts === 0) return undefined;
  const { steps, batchSize, numGenerations, generation, responseLimits } = rl;
  const full = Math.min(keepRollouts, steps);
  const longest = responseLimits ? responseLimits[1] - 1 : generation.maxNewTokens;
  const texts = new Set(train.map(({ text }) => text));
  const all = [...texts].reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0);
  const asked = Math.min(1, (steps * batchSize) / numGenerations / Math.max(1, texts.size));
  const rows = batchSize * (steps * ofResponse + full * longest * ofToken);
  return { bytes: Math.round(rows + asked * all), steps: full };
}
