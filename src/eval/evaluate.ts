import type { Sample } from '../comparison.ts';
import type { Generation } from '../model/decoding.ts';
import type { Dropout } from '../model/dropout.ts';
import type { Parameters } from '../model/parameters.ts';
import type { Policy } from '../model/policy.ts';
import { drawnAt, type GenerationConfig } from '../model/sampling.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { copiedShare } from './diversity.ts';
import { logprobSums } from './likelihood.ts';
import { type RougeOptions, readableRouge } from './rouge.ts';

/** Tokens of a response with which T5 and mT5 fill gaps. */
export function sentinelsIn(tokens: readonly (string | null)[]): number {
  return tokens.filter((token) => token !== null && /^▁?<extra_id_\d+>$/.test(token)).length;
}

/** A test prompt with what there is to compare its response with. */
export interface Prompt {
  readonly id: string;
  readonly text: string;
  readonly ids: readonly number[];
  readonly references: readonly string[];
  readonly group?: string;
  /** What is to be summarised, without the instruction around it; missing where that is not known. */
  readonly dialogue?: string;
  /** All columns of its row, where a module of the user's is to see them. */
  readonly row?: Readonly<Record<string, unknown>>;
  /** As often it is in an epoch of the training. @default 1 */
  readonly times?: number;
}

/** A prompt and what was answered, as texts and as they were generated. */
export interface Answered {
  readonly query: string;
  readonly response: string;
  readonly rollout: {
    readonly query: Prompt;
    readonly response: readonly number[];
    readonly truncated: boolean;
    readonly text: string;
  };
}

/** A judge that the training never saw. */
export interface Witness {
  readonly name: string;
  /** One number a response, 0 (harmless) to 1. */
  readonly judge: (responses: readonly string[]) => Promise<readonly number[]>;
}

/** Who answers and who judges. */
export interface EvaluationParts {
  readonly policy: Policy;
  /** Parameters to evaluate. @default the policy's own */
  readonly parameters?: Parameters;
  readonly tokenizer: Tokenizer;
  readonly judge: (pairs: readonly Answered[]) => Promise<{ toxicity: number; reward: number }[]>;
  /** @default none */
  readonly witnesses?: readonly Witness[];
  /**
   * By which it is measured how probable responses are: that costs two passes over prompts and
   * responses, one under the policy and one under this, unless they are the same: together about as
   * much as the responses themselves. @default it is not measured
   */
  readonly reference?: Parameters | undefined;
}

/** How prompts are answered. */
export interface EvaluationOptions extends RougeOptions {
  readonly generation: GenerationConfig;
  /** The same seed draws the same random numbers, whatever the policy. */
  readonly seed: number;
  /** Responses to each prompt. The first ones of more are those of fewer. @default 1 */
  readonly samplesPerPrompt?: number;
  /** Prompts at a time. @default 64 */
  readonly chunk?: number;
  readonly signal?: AbortSignal | undefined;
  /** Of the prompts from `start` on, for the responses of a number. @default none */
  readonly dropout?: ((start: number, sample: number) => Dropout | undefined) | undefined;
}

/**
 * Responses to prompts with all that is measured of each, a chunk at a time: one response to every
 * prompt, then a second one to every prompt, and so on, so that places of two evaluations pair up.
 * Nothing here knows of a training: `detox` calls it before and after one, and whoever has a policy,
 * prompts and judges can call it for that alone, as often as there are policies to compare.
 */
export async function* evaluate(
  parts: EvaluationParts,
  prompts: readonly Prompt[],
  options: EvaluationOptions,
): AsyncGenerator<Sample[]> {
  const { chunk = 64, signal, samplesPerPrompt = 1 } = options;
  for (let sample = 0; sample < samplesPerPrompt; sample++) {
    for (let start = 0; start < prompts.length; start += chunk) {
      signal?.throwIfAborted();
      const part = { prompts: prompts.slice(start, start + chunk), start, sample };
      yield await measured(parts, await answered(parts, part, options), part, options);
    }
  }
}

/** Prompts that are answered together: where they begin, and by which of each prompt's responses. */
interface Part {
  readonly prompts: readonly Prompt[];
  readonly start: number;
  readonly sample: number;
}

async function answered(
  { policy, parameters = policy.parameters }: EvaluationParts,
  { prompts, start, sample }: Part,
  { generation, seed, signal, dropout }: EvaluationOptions,
): Promise<Generation[]> {
  const rows = prompts.map((_, i) => start + i);
  const draw = { seed, key: ['evaluate'], rows, ...(sample > 0 && { behind: [sample] }) };
  const options = { parameters, signal, dropout: dropout?.(start, sample) };
  return policy.generate(
    prompts.map(({ ids }) => ids),
    generation,
    draw,
    options,
  );
}

async function measured(
  parts: EvaluationParts,
  made: readonly Generation[],
  { prompts, sample: number }: Part,
  { stemmer, generation, samplesPerPrompt = 1 }: EvaluationOptions,
): Promise<Sample[]> {
  const { tokenizer, judge, witnesses = [] } = parts;
  const texts = await tokenizer.decodeBatch(made.map(({ response }) => response));
  const judgements = await judge(
    prompts.map((query, i): Answered => {
      const { response, truncated } = made[i];
      const rollout = { query, response, truncated, text: texts[i] };
      return { query: query.text, response: texts[i], rollout };
    }),
  );
  const seen = await testimonies(witnesses, texts);
  const likelihoods = await likelihoodsOf(parts, prompts, made, drawnAt(generation));
  return prompts.map(({ id, group, text, references, dialogue }, i) => {
    const sentinels = sentinelsIn(tokenizer.tokens(made[i].response));
    const scores = readableRouge(references, texts[i], { stemmer });
    const copied = copiedShare(texts[i], dialogue ?? text);
    return {
      id,
      ...(samplesPerPrompt > 1 && { sample: number }),
      ...(group === undefined ? {} : { group }),
      query: text,
      response: texts[i],
      ...judgements[i],
      ...(witnesses.length > 0 && { judges: seen[i] }),
      ...(scores && {
        rouge1: scores.rouge1.f,
        rouge2: scores.rouge2.f,
        rougeL: scores.rougeL.f,
        rougeLsum: scores.rougeLsum.f,
      }),
      ...(copied !== undefined && { copied }),
      ...likelihoods[i],
      tokens: made[i].response.length,
      truncated: made[i].truncated,
      ...(sentinels > 0 && { sentinels }),
    };
  });
}

/** What each of the judges that the training never saw says of each response, by their names. */
export async function testimonies(
  witnesses: readonly Witness[],
  responses: readonly string[],
): Promise<Record<string, number>[]> {
  const said: (readonly [name: string, scores: readonly number[]])[] = [];
  for (const { name, judge } of witnesses) said.push([name, await judge(responses)]);
  return responses.map((_, i) =>
    Object.fromEntries(said.map(([name, scores]) => [name, scores[i]])),
  );
}

/** Nothing of each response where there is no reference. */
async function likelihoodsOf(
  { policy, parameters = policy.parameters, reference }: EvaluationParts,
  prompts: readonly Prompt[],
  made: readonly Generation[],
  temperature: number,
): Promise<Pick<Sample, 'logprob' | 'refLogprob'>[]> {
  if (!reference) return made.map(() => ({}));
  const responses = made.map(({ response }, i) => ({ query: prompts[i].ids, response }));
  const own = await logprobSums(policy, responses, { parameters, temperature });
  const other =
    reference === parameters
      ? own
      : await logprobSums(policy, responses, { parameters: reference, temperature });
  return own.map((logprob, i) => ({ logprob, refLogprob: other[i] }));
}
