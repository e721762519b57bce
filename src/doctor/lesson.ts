import type { Sequence } from '../model/batch.ts';
import type { Parameters } from '../model/parameters.ts';
import type { GradientResult, TokenScores } from '../model/policy.ts';
import { randomStream } from '../random.ts';
import { policyLoss } from '../rl/loss.ts';
import { maskedCount } from '../rl/masked.ts';
import type { RlSample } from '../rl/sample.ts';
import type { Intake } from './intake.ts';

/** A minibatch to take a gradient of: real responses, made-up advantages. */
export interface Lesson {
  readonly sequences: readonly Sequence[];
  readonly inputs: Readonly<Record<LessonInput, readonly Float32Array[]>>;
}

type LessonInput =
  | 'oldLogprobs'
  | 'refLogprobs'
  | 'advantages'
  | 'weights'
  | 'klWeights'
  | 'oldValues'
  | 'returns';

/** What a lesson needs of a run. */
type Examined = Pick<Intake, 'policy' | 'rl' | 'temperature'>;

/**
 * Advantages and returns are standard normal. The old logprobs and values are a little off, by a
 * quarter of the clips at most, so that neither clip is met, and no estimate of the KL stands at 0,
 * where `abs` has no gradient.
 */
export async function lessonOf(
  { policy, rl, temperature }: Examined,
  samples: readonly RlSample[],
): Promise<Lesson> {
  const sequences = samples.map(({ sequence }) => sequence);
  const masks = samples.map(({ mask }) => mask);
  const scores = await policy.score(sequences, { temperature });
  const random = randomStream(rl.seed, ['doctor', 'lesson']);
  const rows = (make: (row: TokenScores, t: number) => number) =>
    scores.map((row) => row.logprobs.map((_, t) => make(row, t)));
  const off = (reach: number) => (reach / 4) * (2 * random.next() - 1);
  const count = maskedCount(masks);
  const weights = masks.map((mask) => mask.map((one) => one / count));
  const inputs = {
    oldLogprobs: rows((row, t) => row.logprobs[t] + off(Math.log1p(rl.clipRange))),
    refLogprobs: rows((row, t) => row.logprobs[t] + 0.1 + off(0.2)),
    advantages: rows(() => random.normal()),
    weights,
    klWeights: weights.map((row) => row.map((weight) => weight * rl.initKlCoef)),
    oldValues: rows((row, t) => row.values[t] + off(rl.clipRangeValue)),
    returns: rows((row, t) => row.values[t] + random.normal()),
  };
  return { sequences, inputs };
}

/** Loss and gradient by the graph that trains, also under other parameters than the policy's own. */
export function gradientOf(
  { policy, temperature, rl }: Examined,
  { sequences, inputs }: Lesson,
  parameters: Parameters = policy.parameters,
): Promise<GradientResult> {
  return policy.gradient(policyLoss(rl), sequences, inputs, { temperature, parameters });
}
