/** What a family of language models offers a policy: functions from values to values. */
import type { Value } from '../graph/graph.ts';
import type { Head } from '../nn/head.ts';
import type { KeyValue } from '../nn/layers.ts';
import type { Pass } from '../nn/passes.ts';
import type { Packing, Split } from '../nn/rows.ts';
import type { Scope } from '../nn/scope.ts';

/**
 * A language model of some config. It reads prompts whole, and responses in the parts that a pass has;
 * both meet in keys and values. A model without an encoder is one too: its own blocks read a prompt up
 * to the last id, and that one is where decoding begins.
 */
export interface LanguageModel {
  readonly cache: CacheShape;
  /** Where decoding begins. @default the prompt's last id, which is then not read before */
  readonly startId?: number;
  /** Most ids of a prompt, and of a response. @default no limit */
  readonly maxPositions?: number;
  /** Name of the table of embeddings, where it is the head as well. */
  readonly tiedTable: string | undefined;
  /** What reads prompts, where that is not the decoder. */
  readonly encoder?: Encoder;
  /** What each block attends to of prompts. */
  read(p: Scope, prompts: Prompts): KeyValue[];
  /** Hidden states of responses behind the last norm: [tokens, width]. */
  decode(p: Scope, pass: Pass, cross: Cross): Value;
  head(p: Scope): Head;
}

/** One whose prompts an encoder reads. */
export interface EncoderDecoder extends LanguageModel {
  readonly encoder: Encoder;
}

/** Keys and values of a decoding: [batch, heads, time, size] for each block. */
export interface CacheShape {
  readonly blocks: number;
  readonly heads: number;
  readonly size: number;
}

/** Prompts, each different one once. */
export interface Prompts {
  /** int64 [tokens] */
  readonly ids: Value;
  readonly packing: Packing;
  /** To the rows of the responses. */
  split(): Split;
}

/** A half of a model that reads prompts, and what the decoder takes of it. */
export interface Encoder {
  /** ids int64 [tokens] -> [tokens, width] */
  encode(p: Scope, ids: Value, packing: Packing): Value;
  /** Keys and values of each block, from the hidden states. */
  keyValues(p: Scope, states: Value, split: Split): KeyValue[];
}

/** What responses attend to besides themselves, and how it is masked. */
export interface Cross {
  readonly keyValues: readonly KeyValue[];
  /** [batch, 1, 1, source] */
  readonly bias: Value;
}
