/** What is kept of every response that a training learns from: plain data, a line of `rollouts/`. */

/** What was computed of each token of a response: one entry a token, its end included. */
export interface RolloutTokens {
  readonly ids: readonly number[];
  /** What each id reads as. */
  readonly texts: readonly string[];
  /** 1 where a token counts in the loss; missing where all do. */
  readonly mask?: readonly number[];
  /** Under the policy that made the response, and under the reference; nats. */
  readonly logprobs: readonly number[];
  readonly refLogprobs: readonly number[];
  readonly kls: readonly number[];
  readonly advantages: readonly number[];
  /** Of the critic; missing without one. */
  readonly values?: readonly number[];
  readonly returns?: readonly number[];
  /** As the update first met the token; nats. */
  readonly entropies?: readonly number[];
  /** Probability as the update last met the token, to that of the rollout. */
  readonly ratios?: readonly number[];
}

/** One response. */
export interface RolloutRow {
  /** Counted from 1, as the event of the step. */
  readonly step: number;
  /** Place in the batch, from 0. */
  readonly row: number;
  /** Of the dialogue. */
  readonly id: string;
  /** Hash of the query's text, which is kept once. */
  readonly query: string;
  readonly response: string;
  /** Tokens, the end included. */
  readonly length: number;
  readonly truncated: boolean;
  /** What the learner got: scaled and less penalties, as the settings have it. */
  readonly score: number;
  /** What was said of it before weights and scales: by `classifier`, `rouge1`, a module under its file's name. */
  readonly parts?: Readonly<Record<string, number>>;
  /** Sums over the response. */
  readonly kl: number;
  readonly logprob: number;
  readonly refLogprob: number;
  /** Means over its tokens that count. */
  readonly advantage: number;
  readonly value?: number;
  readonly return?: number;
  readonly entropy?: number;
  /** Missing of steps that are no longer kept in full. */
  readonly tokens?: RolloutTokens;
}
