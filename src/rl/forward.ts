import type { Parameters } from '../model/parameters.ts';
import type { Policy } from '../model/policy.ts';
import { drawnAt } from '../model/sampling.ts';
import { allInOrder } from '../runtime/lanes.ts';
import type { Experience } from './algorithm.ts';
import type { RlConfig } from './config.ts';
import { fullKl, tokenKl } from './kl.ts';
import { zipRows } from './masked.ts';
import type { Places } from './places.ts';
import type { Rollout } from './rollout.ts';
import { type RlSample, rlSample } from './sample.ts';

/** A rollout as it is scored. */
export function sampleOf(
  { query, response, limit, truncated, sampled, scored }: Rollout,
  policy: Pick<Policy, 'sequence' | 'forcesFirst' | 'precision'>,
  places: Places,
  config: RlConfig,
): RlSample {
  const { generation, bootstrapTruncated: bootstrap } = config;
  const { decoderIds, mask } = places;
  const isScore = saysWhatAScoringAsks(places, config);
  const whole = policy.sequence(query.ids, response);
  const ids = decoderIds([whole.inputs[0], ...whole.labels], limit ?? generation.maxNewTokens);
  const known = isScore ? sampled : undefined;
  const again = isScore ? scored : undefined;
  const says = rescores(policy, config)
    ? { sampled: again, drawn: known?.logprobs }
    : { sampled: known };
  // what nobody chose is nothing to learn from
  const first = policy.forcesFirst && ids.length > response.length ? 1 : 0;
  const counts: Places['mask'] = (place) => (place < first ? 0 : mask(place));
  return rlSample(whole.query, ids, { mask: counts, truncated, bootstrap, ...says });
}

/**
 * Whether responses are scored once more: one of before, or one rounding of a policy, is another policy, and
 * what learns is asked itself.
 */
function rescores(
  { precision }: Pick<Policy, 'precision'>,
  { rescore, staleness }: Pick<RlConfig, 'rescore' | 'staleness'>,
): boolean {
  return rescore ?? (precision !== 'f32' || staleness > 0);
}

/** Whether responses are drawn from the distribution that a scoring asks for, and are what it sees. */
function saysWhatAScoringAsks(places: Places, { generation }: Pick<RlConfig, 'generation'>) {
  return places.keepsSampled && places.temperature(generation) === drawnAt(generation);
}

/** Whether the policy that samples should score its responses at once: it is the one that learns. */
export function scoresAtOnce(
  policy: Pick<Policy, 'precision'>,
  places: Places,
  config: RlConfig,
): boolean {
  return config.staleness === 0 && rescores(policy, config) && saysWhatAScoringAsks(places, config);
}

/** What the two models say of a batch; rows [labels] each. */
export type Passes = Pick<Experience, 'logprobs' | 'refLogprobs' | 'values' | 'kls'>;

/** Who is compared, and how. */
export interface ForwardOptions {
  readonly policy: Policy;
  /** Parameters that the KL is measured against. */
  readonly reference: Parameters;
  readonly temperature: number;
  readonly config: Pick<RlConfig, 'klPenalty'>;
}

/**
 * What the policy and its reference say of responses. What the policy said while it sampled is taken
 * as it is; all else is scored.
 */
export async function forward(
  samples: readonly RlSample[],
  { policy, reference, temperature, config: { klPenalty } }: ForwardOptions,
): Promise<Passes> {
  await policy.leaveDecoding(); // gradients come next
  const sequences = sequencesOf(samples);
  const unknown = samples.filter(({ sampled }) => !sampled);
  // of the policy itself, and of its reference
  const asked = [
    { given: sequencesOf(unknown), options: { temperature } },
    { given: sequences, options: { temperature, parameters: reference } },
  ];
  const [second, other] = await allInOrder(policy, asked, ({ given, options }) =>
    policy.score(given, options),
  );
  const scores = new Map(unknown.map((sample, i) => [sample, second[i]]));
  const own = samples.map((sample) => sample.sampled ?? scores.get(sample)!);
  const refLogprobs = other.map((row) => row.logprobs);
  const logprobs = samples.map((sample, i) =>
    withoutBehind(sample, own[i].logprobs, refLogprobs[i]),
  );
  const values = own.map((row) => row.values);
  if (klPenalty !== 'full') {
    const kls = zipRows(logprobs, refLogprobs, (lp, ref) => tokenKl(klPenalty, lp, ref));
    return { logprobs, refLogprobs, values, kls };
  }
  const kls = await allInOrder(policy, sequences, async (sequence) => {
    const logits = await policy.logits(sequence, { temperature });
    return fullKl(logits, await policy.logits(sequence, { temperature, parameters: reference }));
  });
  return { logprobs, refLogprobs, values, kls };
}

function sequencesOf(samples: readonly RlSample[]) {
  return samples.map(({ sequence }) => sequence);
}

/** Nothing was sampled behind the end of a response: the two agree on it. */
function withoutBehind(
  { bootstraps, sampled, tokens }: RlSample,
  own: Float32Array,
  reference: Float32Array,
): Float32Array {
  if (!bootstraps || !sampled) return own;
  const logprobs = own.slice();
  logprobs[tokens] = reference[tokens];
  return logprobs;
}
