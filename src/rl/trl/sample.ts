import { type Dropout, dropoutOf } from '../../model/dropout.ts';
import type { PolicyShape } from '../../model/policy-shape.ts';
import { type RandomKey, uniform } from '../../random.ts';
import { semanticsOf } from './corrections.ts';

/** For what responses are sampled, as far as TRL's mode depends on it. */
export interface SampledFor {
  /** What the random numbers are for. */
  readonly key: RandomKey;
  /** Before the first step, after it; or the measurement before, by a model that is never trained. */
  readonly phase: 'first' | 'later' | 'before';
}

/**
 * The dropout that responses come with, where a run has not the correction `samplesWithoutDropout`:
 * none in the measurement before, the adapter's alone in the first rollouts (a fresh module is in
 * training mode, the model is not), all of it behind the first step.
 */
export function sampledDropout(
  shape: PolicyShape,
  config: Parameters<typeof semanticsOf>[0] & { readonly seed: number },
  { key, phase }: SampledFor,
): Dropout | undefined {
  if (phase === 'before' || semanticsOf(config).samplesWithoutDropout) return undefined;
  const draw: Dropout['draw'] = (half, row, token) =>
    uniform(config.seed, ['dropout', ...key, half, row, token]);
  return dropoutOf(shape, draw, phase === 'first' ? { model: 0 } : {});
}
