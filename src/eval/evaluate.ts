import type { Sample } from '../comparison.ts';
import type { Dropout } from '../model/dropout.ts';
import type { Parameters } from '../model/parameters.ts';
import type { Policy } from '../model/policy.ts';
import type { GenerationConfig } from '../model/sampling.ts';
import { uniform } from '../random.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { canRead, rouge } from './rouge.ts';

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
  /** The dialogue and all columns of its row, where a module of the user's is to see them. */
  readonly dialogue?: string;
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

/** Who answers and who judges. */
export interface EvaluationParts {
  readonly policy: Policy;
  /** Parameters to evaluate. @default the policy's own */
  readonly parameters?: Parameters;
  readonly tokenizer: Tokenizer;
  readonly judge: (pairs: readonly Answered[]) => Promise<{ toxicity: number; reward: number }[]>;
}

/** How prompts are answered. */
export interface EvaluationOptions {
  readonly generation: GenerationConfig;
  /** The same seed draws the same random numbers, whatever the policy. */
  readonly seed: number;
  /** Prompts at a time. @default 64 */
  readonly chunk?: number;
  readonly signal?: AbortSignal | undefined;
  /** Of the prompts from `start` on. @default none */
  readonly dropout?: ((start: number) => Dropout | undefined) | undefined;
}

/** One response to each prompt with all that is measured of it, a chunk at a time. */
export async function* evaluate(
  { policy, parameters = policy.parameters, tokenizer, judge }: EvaluationParts,
  prompts: readonly Prompt[],
  { generation, seed, chunk = 64, signal, dropout }: EvaluationOptions,
): AsyncGenerator<Sample[]> {
  for (let start = 0; start < prompts.length; start += chunk) {
    signal?.throwIfAborted();
    const part = prompts.slice(start, start + chunk);
    const draw = (row: number, token: number) => uniform(seed, ['evaluate', start + row, token]);
    const options = { parameters, signal, dropout: dropout?.(start) };
    const made = await policy.generate(
      part.map(({ ids }) => ids),
      generation,
      draw,
      options,
    );
    const texts = await tokenizer.decodeBatch(made.map(({ response }) => response));
    const judgements = await judge(
      part.map((query, i): Answered => {
        const { response, truncated } = made[i];
        const rollout = { query, response, truncated, text: texts[i] };
        return { query: query.text, response: texts[i], rollout };
      }),
    );
    yield part.map(({ id, group, text, references }, i) => {
      const read = references.filter(canRead);
      const sentinels = sentinelsIn(tokenizer.tokens(made[i].response));
      const scores = read.length > 0 ? rouge(read, texts[i]) : undefined;
      return {
        id,
        ...(group === undefined ? {} : { group }),
        query: text,
        response: texts[i],
        ...judgements[i],
        ...(scores && { rouge1: scores.rouge1.f, rougeL: scores.rougeL.f }),
        tokens: made[i].response.length,
        truncated: made[i].truncated,
        ...(sentinels > 0 && { sentinels }),
      };
    });
  }
}
