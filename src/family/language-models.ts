import type { T5Config } from './config.ts';
import type { LanguageModel } from './language-model.ts';
import { t5LanguageModel } from './t5/language-model.ts';

/** The language model of a config. */
export function languageModel(config: T5Config): LanguageModel {
  return t5LanguageModel(config);
}
