/** Dropout as it acts in a pass through a policy. */
import { type Dropped, rateInputs } from '../nn/dropout.ts';
import { type Draw, drawnFor, drawOf } from '../random.ts';
import type { Feeds } from '../runtime/feeds.ts';
import { float32, type Tensor } from '../tensor.ts';
import type { PolicyShape } from './policy-shape.ts';

/** Which half of an encoder–decoder a token is read by. */
export type Half = 'encoder' | 'decoder';

/** Shares that are dropped, and where the random numbers come from. */
export interface Dropout {
  /** Of the model's hidden values and attention weights (`model`), and of what an adapter reads. */
  readonly rates: Readonly<Record<Dropped, number>>;
  /** Of the tokens of a row; the half that reads them stands in the key before the row. */
  readonly draw: Draw;
}

/** The random number, in [0, 1), of a token of a row in one half. */
export function noiseFor({ draw }: Dropout, half: Half, row: number, token: number): number {
  return drawnFor({ ...draw, key: [...draw.key, half] }, row, token);
}

/** The same dropout for some of the rows, which have other places among themselves. */
export function dropoutFor(dropout: Dropout, places: readonly number[]): Dropout {
  return { ...dropout, draw: drawOf(dropout.draw, places) };
}

/**
 * The dropout of a policy with such shares, or none where nothing would be dropped.
 * @param shares @default those of the model's config and of the adapter
 */
export function dropoutOf(
  { config, lora }: PolicyShape,
  draw: Dropout['draw'],
  { model = config.dropout, adapter = lora?.dropout ?? 0 }: Partial<Dropout['rates']> = {},
): Dropout | undefined {
  return model > 0 || adapter > 0 ? { rates: { model, adapter }, draw } : undefined;
}

/** A session's name: graphs with dropout are others. */
export function named(name: string, dropout: Dropout | undefined): string {
  return dropout ? `${name}, with dropout` : name;
}

/** Inputs of a graph that drops: int32 [sourceTokens], and [tokens] of the decoder. */
export const noiseInputs: Readonly<Record<Half, string>> = {
  encoder: 'sourceNoise',
  decoder: 'targetNoise',
};

/** The shares, for a graph that drops. */
export function rateFeeds({ rates }: Dropout): Feeds {
  return {
    [rateInputs.model]: float32([rates.model], []),
    [rateInputs.adapter]: float32([rates.adapter], []),
  };
}

/** Odd numbers for tokens, int32 [tokens]. */
export function noiseOf(draws: readonly number[]): Tensor<'int32'> {
  const data = Int32Array.from(draws, (draw) => Math.floor(draw * 2 ** 32) | 1);
  return { dtype: 'int32', shape: [data.length], data };
}
