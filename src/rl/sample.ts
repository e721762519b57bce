import { InputError } from '../errors.ts';
import type { Sequence } from '../model/batch.ts';
import type { Semantics } from './config.ts';

/** A query and a response as PPO scores them. */
export interface RlSample {
  readonly sequence: Sequence;
  /** 1 where a label counts, [labels]. */
  readonly mask: Float32Array;
}

/**
 * A sample from decoder ids (usually the decoder start, then the response).
 * @param responseMask further zeros for labels, [decoder ids - 1]
 * @throws {InputError} when nothing is left to score
 */
export function rlSample(
  query: readonly number[],
  decoderIds: readonly number[],
  { scoresFirstToken }: Pick<Semantics, 'scoresFirstToken'>,
  responseMask?: ArrayLike<number>,
): RlSample {
  const labels = decoderIds.slice(1);
  const mask = Float32Array.from(labels, (_, t) =>
    t > 0 || scoresFirstToken ? (responseMask?.[t] ?? 1) : 0,
  );
  if (!mask.includes(1)) {
    const expected = `at least ${scoresFirstToken ? 2 : 3} decoder ids with one that counts`;
    throw new InputError('response', expected, `[${decoderIds}]`, 'Ask for longer responses.');
  }
  return { sequence: { query, inputs: decoderIds.slice(0, -1), labels }, mask };
}
