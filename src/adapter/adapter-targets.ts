/** Which modules an adapter's config names, as PEFT finds them. Pure. */
import { InputError } from '../errors.ts';
import { compilePattern, type Effort } from './module-pattern.ts';

/** The fields of a config that choose modules. */
export interface TargetFields {
  readonly target_modules?: readonly string[] | string | null | undefined;
  readonly exclude_modules?: readonly string[] | string | null | undefined;
  readonly layers_to_transform?: readonly number[] | number | null | undefined;
  readonly layers_pattern?: readonly string[] | string | null | undefined;
}

/** Whether a module, by its whole path, is one to adapt. */
export type TargetRule = (path: string) => boolean;

/** What PEFT takes for T5, mT5, BART, BERT and RoBERTa, when the config leaves it the choice. */
const usual = ['q', 'v', 'q_proj', 'v_proj', 'query', 'value'];

/** In states gone through, for all expressions of a config. */
const mostEffort = 20_000_000;

/**
 * The rules by which PEFT chooses modules: today's, and that of versions up to 0.14 where these count
 * layers from the last number of a path and not from the first. A file is whole by one of them.
 * @returns nothing when an expression is not one that is read here
 * @see check_target_module_exists in peft/tuners/tuners_utils.py
 */
export function targetRules(fields: TargetFields, where: string): TargetRule[] {
  const { target_modules: chosen, exclude_modules: without, layers_to_transform: layers } = fields;
  const effort = { left: mostEffort };
  try {
    const isChosen = matcher(chosen ?? usual, `${where}: target_modules`, effort);
    const isExcluded = matcher(without ?? [], `${where}: exclude_modules`, effort);
    const among = (path: string) => isChosen(path) && !isExcluded(path);
    const wanted = typeof layers === 'number' ? [layers] : (layers ?? []);
    // a list alone asks for layers: an expression says all by itself
    if (wanted.length === 0 || typeof chosen === 'string') return [among];
    return layerOf(fields.layers_pattern).map((layer) => (path) => {
      const exact = (chosen ?? usual).includes(path);
      return among(path) && (exact || wanted.includes(layer(path) ?? -1));
    });
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** Whole paths, ends of paths, or an expression for whole paths. */
function matcher(names: readonly string[] | string, where: string, effort: Effort): TargetRule {
  if (typeof names === 'string') {
    return names === '' ? () => false : compilePattern(`(?:${names})$`, where, effort);
  }
  return (path) => names.some((name) => path === name || path.endsWith(`.${name}`));
}

/** The number of a path's layer, first by today's rule. */
function layerOf(
  pattern: TargetFields['layers_pattern'],
): ((path: string) => number | undefined)[] {
  const names = typeof pattern === 'string' ? [pattern] : (pattern ?? []);
  const numbers = (path: string) => {
    const parts = path.split('.');
    return parts.flatMap((part, i) => {
      const isLayer = i > 0 && i < parts.length - 1 && /^\d+$/.test(part);
      const isNamed = names.length === 0 ? i > 1 : names.includes(parts[i - 1]);
      return isLayer && isNamed ? [Number(part)] : [];
    });
  };
  return [(path) => numbers(path)[0], (path) => numbers(path).at(-1)];
}
