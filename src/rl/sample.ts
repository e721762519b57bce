import { InputError } from '../errors.ts';
import type { Sequence } from '../model/batch.ts';
import type { SampledScores } from './rollout.ts';

/** A query and a response as they are scored. */
export interface RlSample {
  readonly sequence: Sequence;
  /** 1 where a label counts, [labels]. */
  readonly mask: Float32Array;
  /** Tokens of the response, its end included. */
  readonly tokens: number;
  /** The length limit came before the end. */
  readonly truncated: boolean;
  /** One position more, behind the response, whose value says what was still to come. */
  readonly bootstraps: boolean;
  /** What the policy said while it sampled, if that is what a scoring would say: [labels] each. */
  readonly sampled?: SampledScores | undefined;
  /** Log-probabilities by which it was drawn, where it is scored once more, [labels]. */
  readonly drawn?: Float32Array | undefined;
}

/** What else there is to say of a response. */
export interface SampleOptions {
  /** Whether the label at a place counts. @default all do */
  readonly mask?: ((place: number) => 0 | 1) | undefined;
  /** Further zeros for labels, [labels]. */
  readonly responseMask?: ArrayLike<number> | undefined;
  /** @default false */
  readonly truncated?: boolean;
  /** Ask the critic for the value behind a truncated response. @default false */
  readonly bootstrap?: boolean;
  /** Spares a scoring; [tokens] each, with one value more where the critic is asked for it. */
  readonly sampled?: SampledScores | undefined;
  /** By which it was drawn, for a scoring to be held against, [tokens]. */
  readonly drawn?: Float32Array | undefined;
}

/**
 * A sample from decoder ids (usually the decoder start, then the response).
 * @throws {InputError} when nothing is left to score
 */
export function rlSample(
  query: readonly number[],
  decoderIds: readonly number[],
  {
    mask: counts = () => 1,
    responseMask,
    truncated = false,
    bootstrap = false,
    sampled,
    drawn,
  }: SampleOptions = {},
): RlSample {
  const labels = decoderIds.slice(1);
  const mask = Float32Array.from(labels, (_, t) => counts(t) && (responseMask?.[t] ?? 1));
  if (!mask.includes(1)) {
    const expected = `at least ${counts(0) ? 2 : 3} decoder ids with one that counts`;
    throw new InputError('response', expected, `[${decoderIds}]`, 'Ask for longer responses.');
  }
  const tokens = labels.length;
  const plain = { query, inputs: decoderIds.slice(0, -1), labels };
  if (!bootstrap || !truncated) {
    return { sequence: plain, mask, tokens, truncated, bootstraps: false, sampled, drawn };
  }
  // the label behind the end is never scored: any id will do
  const longer = { query, inputs: decoderIds, labels: [...labels, decoderIds[0]] };
  const wider = Float32Array.of(...mask, 0);
  const longerToo = sampled && { ...sampled, logprobs: Float32Array.of(...sampled.logprobs, 0) };
  return {
    ...{ sequence: longer, mask: wider, tokens, truncated, bootstraps: true },
    sampled: longerToo,
    drawn: drawn && Float32Array.of(...drawn, 0),
  };
}
