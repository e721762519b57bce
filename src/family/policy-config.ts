/** What the configs of all policies have. */
export interface PolicyConfig {
  readonly modelType: string;
  /** Rows of the embedding; may be more than the tokenizer has. */
  readonly vocabSize: number;
  /** Width of the hidden states. */
  readonly dModel: number;
  readonly padId: number;
  /** A text ends with the first of any of them; with none, at its length limit. */
  readonly eosIds: readonly number[];
  readonly decoderStartId: number;
  /** The first id of every response, whatever the model says of it. @default it chooses */
  readonly forcedFirstId?: number;
  /** Kept for writing back; no forward pass of tactful drops anything, but where a call asks for it. */
  readonly dropout: number;
}
