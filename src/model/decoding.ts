import { NumericError } from '../errors.ts';
import { type Draw, drawnFor } from '../random.ts';
import type { State } from '../runtime/engine.ts';
import type { Feeds } from '../runtime/feeds.ts';
import { float32, int64, type Tensor } from '../tensor.ts';
import { type Dropout, noiseFor, noiseInputs, noiseOf, rateFeeds } from './dropout.ts';
import {
  argmax,
  badWeights,
  drawnAt,
  type GenerationConfig,
  logprobOf,
  refusesEnd,
  sampleToken,
  warpLogits,
} from './sampling.ts';

/** One generated response. */
export interface Generation {
  /** Token ids without the decoder start; ends with an end-of-sequence token unless truncated. */
  readonly response: number[];
  /** The length limit came before the end of the sequence. */
  readonly truncated: boolean;
  /** What a scoring at the sampler's temperature says of the response, up to rounding: [tokens]. */
  readonly logprobs: Float32Array;
  /** [tokens]; one more, behind the end, where a truncated response was asked for it. */
  readonly values: Float32Array;
  /** What a scoring does say of it, to the bit, where that was asked for and came with the response. */
  readonly scored?: Pick<Generation, 'logprobs' | 'values'>;
}

/** What rows are decoded with. */
export interface DecodingJob {
  /** What they sample from. */
  readonly parameters: State;
  /** Caches of the rows, which are decoded together. */
  readonly state: State;
  readonly queries: readonly (readonly number[])[];
  /** The number of each row in messages. */
  readonly places: readonly number[];
  readonly config: GenerationConfig;
  readonly draw: Draw;
  readonly signal?: AbortSignal | undefined;
  readonly dropout?: Dropout | undefined;
  /** The first token of every response, whatever the model says of it. @default the model chooses */
  readonly forcedFirstId?: number | undefined;
}

/** A token, and its logprob at the sampler's temperature. */
interface NextToken {
  readonly token: number;
  readonly logprob: number;
}

interface ResponseOptions {
  /** Most tokens. */
  readonly limit: number;
  readonly eosIds: readonly number[];
  /** What the first step reads. */
  readonly startId: number;
  /** One step more behind a truncated response, for its value alone. */
  readonly valueBehind: boolean;
}

/** A response under way. */
export class GrowingResponse {
  /** Its place among those that are decoded together. */
  readonly row: number;
  readonly eosIds: readonly number[];
  /** Most tokens. */
  readonly limit: number;
  readonly tokens: number[] = [];
  readonly #logprobs: number[] = [];
  readonly #values: number[] = [];
  readonly #options: ResponseOptions;
  #isUnfinished = true;

  constructor(row: number, options: ResponseOptions) {
    this.row = row;
    this.eosIds = options.eosIds;
    this.limit = options.limit;
    this.#options = options;
  }

  /** Whether it takes part in the next step. */
  get isUnfinished(): boolean {
    return this.#isUnfinished;
  }

  /** All its tokens are there; only the value behind them may be missing. */
  get isFull(): boolean {
    return this.#hasEnd || this.tokens.length >= this.limit;
  }

  /** What the next step reads. */
  get lastId(): number {
    return this.tokens.at(-1) ?? this.#options.startId;
  }

  get #hasEnd(): boolean {
    const last = this.tokens.at(-1);
    return last !== undefined && this.eosIds.includes(last);
  }

  /** The next token, and the value before it. */
  add({ token, logprob }: NextToken, value: number): void {
    this.tokens.push(token);
    this.#logprobs.push(logprob);
    this.#values.push(value);
    this.#isUnfinished = !this.isFull || (this.#options.valueBehind && !this.#hasEnd);
  }

  /** The value behind the last token. */
  end(value: number): void {
    this.#values.push(value);
    this.#isUnfinished = false;
  }

  done(): Generation {
    return {
      response: this.tokens,
      truncated: !this.#hasEnd,
      logprobs: Float32Array.from(this.#logprobs),
      values: Float32Array.from(this.#values),
    };
  }
}

/** Whether the graph can draw: at random, from the whole distribution. */
export function drawsInGraph({ sample, topK, topP }: GenerationConfig): boolean {
  return sample && topK === 0 && topP === 1;
}

/** Ids of a step, and what it drops by. */
export function idFeeds(
  rows: readonly GrowingResponse[],
  { dropout }: Pick<DecodingJob, 'dropout'>,
): Feeds {
  const ids = int64(rows.map(({ lastId }) => lastId));
  if (!dropout) return { ids };
  const noise = noiseOf(
    rows.map(({ row, tokens }) => noiseFor(dropout, 'decoder', row, tokens.length)),
  );
  return { ids, [noiseInputs.decoder]: noise, ...rateFeeds(dropout) };
}

/** Ids of a step, and what it draws with. */
export function drawingFeeds(rows: readonly GrowingResponse[], job: DecodingJob): Feeds {
  const { config, draw } = job;
  const draws = rows.map(({ row, tokens, isFull }) =>
    isFull ? 0 : drawnFor(draw, row, tokens.length),
  );
  return {
    ...idFeeds(rows, job),
    uniform: float32(draws),
    refusesEnd: float32(rows.map(({ tokens }) => Number(refusesEnd(tokens.length, config)))),
    inverseTemperature: float32([1 / config.temperature], []),
    ...(job.forcedFirstId !== undefined && {
      isFirst: float32(rows.map(({ tokens }) => Number(tokens.length === 0))),
    }),
  };
}

type Chooses = (row: GrowingResponse, place: number) => NextToken;

/** What the graph drew. */
export function drawnTokens({ tokens, logprobs }: Readonly<Record<string, Tensor>>): Chooses {
  return (_, place) => ({
    token: Number(tokens.data[place]),
    logprob: Number(logprobs.data[place]),
  });
}

/** What the sampler here makes of the logits. */
export function sampledTokens(
  { logits }: Readonly<Record<string, Tensor>>,
  { config, draw, forcedFirstId }: DecodingJob,
): Chooses {
  const width = logits.shape[1];
  return ({ row, tokens, eosIds }, place) => {
    const own = (logits.data as Float32Array).subarray(place * width, (place + 1) * width);
    try {
      const warped = warpLogits(own, config, { newTokens: tokens.length, eosIds });
      const sampled = config.sample
        ? sampleToken(warped, drawnFor(draw, row, tokens.length))
        : argmax(warped);
      const token = tokens.length === 0 ? (forcedFirstId ?? sampled) : sampled;
      return { token, logprob: logprobOf(own, token, drawnAt(config)) };
    } catch (error) {
      if (error instanceof NumericError) return { token: 0, logprob: Number.NaN };
      throw error;
    }
  };
}

/** @throws {NumericError} when the logits that a token comes from are not finite */
export function finiteOnly(
  next: NextToken,
  { row, tokens }: GrowingResponse,
  { queries, places }: DecodingJob,
): NextToken {
  if (Number.isFinite(next.logprob)) return next;
  const token = tokens.length;
  const where = `logits of response ${places[row]}, token ${token}`;
  const details = {
    tensor: 'logits',
    sample: places[row],
    token,
    query: queries[row],
    response: tokens,
  };
  throw new NumericError(where, 'finite numbers', 'NaN or infinity', badWeights, details);
}
