import type { LoraConfig } from '../adapter/peft.ts';
import type { PolicyConfig } from '../family/families.ts';
import type { Initial } from '../family/family.ts';

// How PEFT and TRL draw fresh parameters; how models do, their families say.

/** PEFT: A uniform within 1/sqrt(in) (kaiming with a = sqrt 5), B zero, so that nothing changes yet. */
export function initialLora(name: string, [, inputs]: readonly number[]): Initial {
  return name.endsWith('lora_B.weight') ? { constant: 0 } : { uniform: inputs ** -0.5 };
}

/** Zero, so that the first advantages are the rewards; or torch's default, as TRL has it. */
export function initialValueHead({ dModel }: PolicyConfig, zero: boolean): Initial {
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
