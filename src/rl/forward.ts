import type { Parameters } from '../model/parameters.ts';
import type { Policy, TokenScores } from '../model/policy.ts';
import type { Experience } from './algorithm.ts';
import type { RlConfig } from './config.ts';
import { fullKl, tokenKl } from './kl.ts';
import { type Rows, zipRows } from './masked.ts';
import type { RlSample } from './sample.ts';

/** What the two models say of a batch; rows [labels] each. */
export type Passes = Pick<Experience, 'logprobs' | 'refLogprobs' | 'values' | 'kls'>;

/** Who is compared, and how. */
export interface ForwardOptions {
  readonly policy: Policy;
  /** Parameters that the KL is measured against. */
  readonly reference: Parameters;
  readonly temperature: number;
  readonly klPenalty: RlConfig['klPenalty'];
}

/** Scores responses under the policy and under its reference. */
export async function forward(
  samples: readonly RlSample[],
  { policy, reference, temperature, klPenalty }: ForwardOptions,
): Promise<Passes> {
  const sequences = samples.map(({ sequence }) => sequence);
  const own = await policy.score(sequences, { temperature });
  const other = await policy.score(sequences, { temperature, parameters: reference });
  const column = (scores: readonly TokenScores[], name: keyof TokenScores): Rows =>
    scores.map((row) => row[name]);
  const [logprobs, refLogprobs] = [column(own, 'logprobs'), column(other, 'logprobs')];
  const values = column(own, 'values');
  if (klPenalty !== 'full') {
    const kls = zipRows(logprobs, refLogprobs, (lp, ref) => tokenKl(klPenalty, lp, ref));
    return { logprobs, refLogprobs, values, kls };
  }
  const kls: Float32Array[] = [];
  for (const sequence of sequences) {
    const logits = await policy.logits(sequence, { temperature });
    kls.push(fullKl(logits, await policy.logits(sequence, { temperature, parameters: reference })));
  }
  return { logprobs, refLogprobs, values, kls };
}
