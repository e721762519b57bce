import type { LoraConfig } from '../adapter/peft.ts';
import type { T5Config } from '../family/config.ts';
import type { Initial } from './parameters.ts';

// How Hugging Face's models and PEFT draw fresh parameters.

/** T5PreTrainedModel._init_weights with factor 1. */
export function initialT5({ dModel, dKv, dFf, heads }: T5Config): (name: string) => Initial {
  const inner = heads * dKv;
  return (name) => {
    if (name.endsWith('norm.weight')) return { constant: 1 };
    if (name === 'shared.weight' || name === 'lm_head.weight') return { normal: 1 };
    if (name.endsWith('.q.weight')) return { normal: (dModel * dKv) ** -0.5 };
    if (name.endsWith('.o.weight')) return { normal: inner ** -0.5 };
    if (name.endsWith('.wo.weight')) return { normal: dFf ** -0.5 };
    return { normal: dModel ** -0.5 };
  };
}

/** The _init_weights of BERT, DistilBERT and RoBERTa. */
export function initialRoberta(name: string): Initial {
  if (/layer_?norm\.weight$/i.test(name)) return { constant: 1 };
  if (name.endsWith('.bias')) return { constant: 0 };
  return { normal: 0.02 };
}

/** PEFT: A uniform within 1/sqrt(in) (kaiming with a = sqrt 5), B zero, so that nothing changes yet. */
export function initialLora(name: string, [, inputs]: readonly number[]): Initial {
  return name.endsWith('lora_B.weight') ? { constant: 0 } : { uniform: inputs ** -0.5 };
}

/** Zero, so that the first advantages are the rewards; or torch's default, as TRL has it. */
export function initialValueHead({ dModel }: T5Config, zero: boolean): Initial {
  return zero ? { constant: 0 } : { uniform: dModel ** -0.5 };
}

/** Settings of a new adapter for a base model, as flags and configs name them. */
export function freshLora(settings: {
  readonly model: string;
  readonly loraRank: number;
  readonly loraAlpha: number;
  readonly loraTargets: readonly string[];
  /** @default 0 */
  readonly loraDropout?: number;
}): LoraConfig {
  const { model, loraRank, loraAlpha, loraTargets, loraDropout = 0 } = settings;
  return {
    rank: loraRank,
    alpha: loraAlpha,
    targetModules: [...loraTargets].sort(),
    rsLora: false,
    dropout: loraDropout,
    baseModel: model,
  };
}
