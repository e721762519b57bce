import type { RobertaConfig } from '../src/family/roberta.ts';
import type { T5Config } from '../src/family/t5/t5.ts';

/** FLAN-T5's sizes, and RoBERTa's with the labels of the lab's reward model. */
export const configs: {
  readonly 't5-small': T5Config;
  readonly 't5-base': T5Config;
  readonly 'roberta-base': RobertaConfig;
};
