import type { Draw, Policy } from '../model/policy.ts';
import type { GenerationConfig } from '../model/sampling.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { RlConfig, Semantics } from './config.ts';
import { type RlSample, rlSample } from './sample.ts';

/** A prompt, as text and as ids. */
export interface Query {
  readonly id: string;
  readonly text: string;
  readonly ids: readonly number[];
}

/** A query and what the policy answered. */
export interface Rollout {
  readonly query: Query;
  /** Token ids without the decoder start. */
  readonly response: readonly number[];
  /** The length limit came before the end of the sequence. */
  readonly truncated: boolean;
  /** The response without special tokens. */
  readonly text: string;
}

/** Scores rollouts, one number each; higher is better. Any async function will do. */
export type Reward = (rollouts: readonly Rollout[]) => Promise<readonly number[]>;

/** Samples one response to each query. */
export async function collectRollouts(
  { policy, tokenizer }: { policy: Policy; tokenizer: Tokenizer },
  queries: readonly Query[],
  {
    generation,
    draw,
    signal,
  }: { generation: GenerationConfig; draw: Draw; signal?: AbortSignal | undefined },
): Promise<Rollout[]> {
  const ids = queries.map((query) => query.ids);
  const generations = await policy.generate(ids, generation, draw, { signal });
  const texts = await tokenizer.decodeBatch(generations.map(({ response }) => response));
  return queries.map((query, i) => ({ query, ...generations[i], text: texts[i] }));
}

/** Decoder ids as the lab keeps them: the last maxNewTokens, so that a full response loses its start. */
export function labIds(
  { response }: Rollout,
  decoderStartId: number,
  { maxNewTokens }: GenerationConfig,
): number[] {
  return [decoderStartId, ...response].slice(-maxNewTokens);
}

/** A rollout as PPO scores it. */
export function sampleOf(
  rollout: Rollout,
  decoderStartId: number,
  semantics: Semantics,
  { generation }: RlConfig,
): RlSample {
  const ids = semantics.keepsDecoderStart
    ? [decoderStartId, ...rollout.response]
    : labIds(rollout, decoderStartId, generation);
  return rlSample(rollout.query.ids, ids, semantics);
}
