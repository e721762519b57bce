/**
 * What there is to know of a family of models: its record. Whatever depends on the family is asked of
 * it, and nothing else compares `model_type`.
 *
 * A new family is a file with such a record, and a line in families.ts. A classifier says in `forward`
 * how logits come from packed texts, with layers of nn/ (`bert.ts` is the shortest example); a policy
 * says it in `languageModel` (`t5/t5.ts`). Configs are plain data whose `modelType` is the family's key.
 */
import type { Adapter } from '../adapter/peft.ts';
import type { Value } from '../graph/graph.ts';
import type { EncoderInput } from '../nn/encoder.ts';
import type { Scope } from '../nn/scope.ts';
import type { Naming } from '../tensors/parameter-names.ts';
import type { Weights } from '../tensors/weights.ts';
import type { TokenizerClassName } from '../tokenizer/tokenizer-classes.ts';
import type { EncoderConfig } from './classifier-config.ts';
import type { ExportedModel } from './exported-model.ts';
import type { Initial } from './initial.ts';
import type { LanguageModel } from './language-model.ts';
import type { PolicyConfig } from './policy-config.ts';

export type { Initial };

/** What every record says. Its functions get configs that its own `read` made. */
export interface Described<Config> {
  /** As people write it. */
  readonly name: string;
  /**
   * The config in a parsed `config.json`, with the defaults of transformers.
   * @param where the file's name, for messages
   * @throws {InputError} naming the field that is not supported
   */
  read(raw: unknown, where: string): Config;
  /** `config.json` for a config; reading it gives the same config back. */
  write(config: Config): Record<string, unknown>;
  /** How transformers draws a fresh parameter of that name. */
  initial(config: Config, name: string): Initial;
  /** How files name its parameters. */
  readonly names: Naming;
  /** Class of its tokenizer, where the tokenizer's own files name none. */
  readonly tokenizerClass: TokenizerClassName;
}

/** Families of sequence classifiers. */
export interface ClassifierFamily<Config extends EncoderConfig = EncoderConfig>
  extends Described<Config> {
  readonly kind: 'classifier';
  /** Packed texts -> logits [batch, labels]. */
  forward(p: Scope, config: Config, input: EncoderInput): Value;
  /** Whether the texts of a pair are told apart by more than the token between them. */
  hasSegments(config: Config): boolean;
  /** Position of a text's first token; above 0, padding has the one before it. */
  firstPosition(config: Config): number;
}

/** Families of models that answer. */
export interface PolicyFamily<Config extends PolicyConfig = PolicyConfig>
  extends Described<Config> {
  readonly kind: 'policy';
  languageModel(config: Config): LanguageModel;
  /** What a fresh adapter adapts where nothing else is asked for: queries and values, as PEFT has it. */
  readonly loraTargets: readonly string[];
  /** What people want to know of its sizes. */
  facts(config: Config): { readonly layers: string; readonly widths: string };
  /**
   * The config as the weights have it, where a config alone does not tell; and as an adapter has it
   * that saves modules whole.
   */
  stored(found: StoredModel<Config>, adapter?: Adapter): Promise<StoredModel<Config>>;
  /** How a model is written, where that is not as it is. */
  written?(config: Config): Written<Config>;
  /** The graphs that transformers.js asks for, by file name. */
  onnx(config: Config): Record<string, ExportedModel>;
  /** What `config.json` has to say beside them. @default nothing */
  onnxFields?(config: Config): Readonly<Record<string, unknown>>;
}

/** A model's weights, and its config as they have it. */
export interface StoredModel<Config> {
  readonly weights: Weights;
  readonly config: Config;
}

/** A model as it is written: every version of transformers reads it as it is meant. */
export interface Written<Config> {
  readonly config: Config;
  /** A weight that is made of another one for that. */
  readonly made?: { readonly name: string; readonly source: string; readonly factor: number };
  /** A weight that goes, for another one is the same. */
  readonly gone?: string | undefined;
  /** Fields of a `config.json` that have to change. */
  fields(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}

/** A record. */
export type Family = ClassifierFamily | PolicyFamily;
