/** A model's tokenizer: its class is the family's where the folder's own files name none. I/O. */

import { openTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';
import { families } from './families.ts';

export type { Tokenizer };

/** The class of tokenizer that models of a `model_type` have; undefined for unknown ones. */
export function usualClass(modelType: string) {
  return Object.entries(families).find(([type]) => type === modelType)?.[1].tokenizerClass;
}

/**
 * Loads a folder's tokenizer: `tokenizer.json`, or what older folders have in its place (T5's
 * `spiece.model`, DeBERTa's `spm.model`, BERT's `vocab.txt`, RoBERTa's `vocab.json` and `merges.txt`).
 * @throws {UnavailableError} when the folder has none of them
 * @throws {InputError} when a file is not what its name says, no padding token is named, or there
 * are tokens that the model in the same folder has no embedding for
 */
export function loadTokenizer(folder: string): Promise<Tokenizer> {
  return openTokenizer(folder, usualClass);
}
