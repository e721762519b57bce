/** A model's weights, by the names that its family has for them. */
import type { Adapter } from '../adapter/peft.ts';
import { openNamed, type Weights } from '../tensors/weights.ts';
import {
  type ClassifierConfig,
  families,
  familyOf,
  isPolicy,
  type ModelConfig,
  type PolicyConfig,
} from './families.ts';
import type { StoredModel } from './family.ts';

/**
 * The weights of a folder whose config nobody asks: named as in the family whose names they look like.
 * @throws as `openNamed`
 */
export function openWeights(folder: string): Promise<Weights> {
  const all = Object.values(families).map(({ names }) => names);
  return openNamed(folder, all);
}

/**
 * A model's weights, and its config as they and an adapter on it have it.
 * @param said what `config.json` says
 * @throws as `openNamed`
 */
export async function openModel(
  folder: string,
  said: PolicyConfig,
  adapter?: Adapter,
): Promise<StoredModel<PolicyConfig>>;
export async function openModel(
  folder: string,
  said: ClassifierConfig,
): Promise<StoredModel<ClassifierConfig>>;
export async function openModel(
  folder: string,
  said: ModelConfig,
  adapter?: Adapter,
): Promise<StoredModel<ModelConfig>>;
export async function openModel(
  folder: string,
  config: ModelConfig,
  adapter?: Adapter,
): Promise<StoredModel<ModelConfig>> {
  const weights = await openNamed(folder, [familyOf(config).names]);
  if (!isPolicy(config)) return { weights, config };
  return familyOf(config).stored({ weights, config }, adapter);
}
