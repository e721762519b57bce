import type { Dropout } from '../model/dropout.ts';
import type { Parameters } from '../model/parameters.ts';
import type { Policy } from '../model/policy.ts';
import type { GenerationConfig } from '../model/sampling.ts';
import type { Draw } from '../random.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** A prompt, as text and as ids. */
export interface Query {
  readonly id: string;
  readonly text: string;
  readonly ids: readonly number[];
}

/** A query and what the policy answered. */
export interface Rollout<Q extends Query = Query> {
  /** As it was given, with whatever else it holds. */
  readonly query: Q;
  /** Token ids without the decoder start. */
  readonly response: readonly number[];
  /** The length limit came before the end of the sequence. */
  readonly truncated: boolean;
  /** The length limit, in tokens. @default the sampler's */
  readonly limit?: number | undefined;
  /** The response without special tokens. */
  readonly text: string;
  /** What the policy said while it sampled, at the sampler's temperature. */
  readonly sampled?: SampledScores | undefined;
  /** What a scoring at that temperature says, where it came with the response. */
  readonly scored?: SampledScores | undefined;
}

/** What a policy says of the tokens that it samples: [tokens] each. */
export interface SampledScores {
  readonly logprobs: Float32Array;
  readonly values: Float32Array;
}

/** How responses are sampled. */
export interface RolloutOptions {
  readonly generation: GenerationConfig;
  readonly draw: Draw;
  /** Longest response of each row. @default the sampler's for all */
  readonly maxNewTokens?: readonly number[] | undefined;
  /** Ask the value head what it expects behind a truncated response. @default false */
  readonly valueBehind?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What is sampled from. @default the policy's own */
  readonly parameters?: Parameters | undefined;
  /** `row` counts the queries. @default none */
  readonly dropout?: Dropout | undefined;
  /** Score responses where that spares reading the queries once more. @default false */
  readonly scored?: boolean | undefined;
}

/** Samples one response to each query. */
export async function collectRollouts<Q extends Query>(
  { policy, tokenizer }: { policy: Policy; tokenizer: Tokenizer },
  queries: readonly Q[],
  { generation, draw, parameters = policy.parameters, ...options }: RolloutOptions,
): Promise<Rollout<Q>[]> {
  const ids = queries.map((query) => query.ids);
  const { maxNewTokens } = options;
  const generations = await policy.generate(ids, generation, draw, { parameters, ...options });
  const texts = await tokenizer.decodeBatch(generations.map(({ response }) => response));
  return generations.map(({ response, truncated, scored, ...sampled }, i) => ({
    query: queries[i],
    response,
    truncated,
    ...(maxNewTokens && { limit: maxNewTokens[i] }),
    text: texts[i],
    sampled,
    ...(scored && { scored }),
  }));
}
