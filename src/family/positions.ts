/** Places of tokens in a text that a classifier reads. */
import { type ClassifierConfig, familyOf } from './families.ts';

/** The most tokens of a text, special ones included. */
export function mostTokens(config: ClassifierConfig): number {
  return config.maxPositions - familyOf(config).firstPosition(config);
}

/**
 * Position ids of a text. From 0 they count all tokens; from behind the padding id the real ones, and
 * padding gets its own id: as in Hugging Face they follow the ids, not the mask.
 */
export function positionIds(ids: readonly number[], config: ClassifierConfig): number[] {
  const first = familyOf(config).firstPosition(config);
  let count = first;
  return ids.map((id, i) => (first === 0 ? i : id === config.padId ? first - 1 : count++));
}
