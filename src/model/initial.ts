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

/** What a new adapter is to be; its modules may be left to the model's family. */
export type FreshLora = Omit<LoraConfig, 'targetModules'> & {
  readonly targetModules?: readonly string[] | undefined;
};

/** The modules that a fresh adapter has: those asked for, or those of the model's family. */
export function targetsOf(
  { loraTargets }: { readonly loraTargets?: readonly string[] | undefined },
  lora: LoraConfig | undefined,
): readonly string[] | undefined {
  return loraTargets ?? lora?.targetModules;
}

/** How a new adapter is asked for, as flags and configs name it. */
interface FreshSettings {
  readonly model: string;
  readonly loraRank: number;
  readonly loraAlpha: number;
  /** @default those of the model's family */
  readonly loraTargets?: readonly string[] | undefined;
  /** @default 0 */
  readonly loraDropout?: number;
}

/** Settings of a new adapter for a base model. */
export function freshLora(settings: FreshSettings & { loraTargets: readonly string[] }): LoraConfig;
export function freshLora(settings: FreshSettings): FreshLora;
export function freshLora(settings: FreshSettings): FreshLora {
  const { model, loraRank, loraAlpha, loraTargets, loraDropout = 0 } = settings;
  return {
    rank: loraRank,
    alpha: loraAlpha,
    targetModules: loraTargets && [...loraTargets].sort(),
    rsLora: false,
    dropout: loraDropout,
    baseModel: model,
  };
}
