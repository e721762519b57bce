/** What a LoRA adapter is, apart from its numbers. Pure. */
import { InputError } from '../errors.ts';
import { compilePattern, type Effort } from './module-pattern.ts';

/** Settings of a LoRA adapter. */
export interface LoraConfig {
  /** Rows of A, columns of B. */
  readonly rank: number;
  readonly alpha: number;
  /** Last parts of the adapted modules' paths, or whole paths, sorted: `['q', 'v']`. */
  readonly targetModules: readonly string[];
  /** Scale alpha / sqrt(rank) in place of alpha / rank. */
  readonly rsLora: boolean;
  /** Share of what A reads that is dropped while `sft` learns, as PEFT does; PPO drops nothing. */
  readonly dropout: number;
  /** Name or path of the model that it was made for; empty when unknown. */
  readonly baseModel: string;
  /** Modules of another rank or alpha, by their whole paths. @default none */
  readonly exceptions?: Readonly<Record<string, LoraStrength>>;
  /** Ends of the paths of modules whose own weights come with the adapter, and learn. @default none */
  readonly savedModules?: readonly string[];
}

/** How strongly a module is adapted. */
export interface LoraStrength {
  readonly rank: number;
  readonly alpha: number;
}

/** Whether a weight belongs to one of `savedModules`: like PEFT, by how a module's path ends. */
export function isSaved(weight: string, savedModules: readonly string[] = []): boolean {
  const modules = weight.split('.').slice(0, -1);
  const paths = modules.map((_, i) => modules.slice(0, i + 1).join('.'));
  return paths.some((path) => savedModules.some((name) => path.endsWith(name)));
}

/** Factor of B·A: alpha / rank, or alpha / sqrt(rank) with rsLora. */
export function loraScale({ alpha, rank, rsLora }: LoraStrength & { rsLora: boolean }): number {
  return alpha / (rsLora ? Math.sqrt(rank) : rank);
}

/** Rank and alpha of one module. */
export function strengthOf(
  { rank, alpha, exceptions = {} }: LoraConfig,
  path: string,
): LoraStrength {
  return Object.hasOwn(exceptions, path) ? exceptions[path] : { rank, alpha };
}

/** PEFT's rank_pattern or alpha_pattern: numbers by module names or expressions, in their order. */
export type NumberPatterns = Readonly<Record<string, number>>;

/**
 * The number of a module by PEFT's patterns: that of the first one that matches, else of one that is
 * the module's whole path. PEFT up to 0.14 wants something before a match (`.*\\.KEY$`), later ones
 * also take whole paths (`(.*\\.)?(KEY)$`); a file tells its version from 0.18 on.
 * @returns for a path, the number by the older and by the later rule; undefined where none matches
 * @throws {InputError} for an expression that is not supported
 * @see get_pattern_key in peft/utils/other.py
 */
export function numbersBy(
  patterns: NumberPatterns,
  where: string,
): (path: string) => { older: number | undefined; later: number | undefined } {
  const effort = { left: mostEffort };
  const expressions = Object.keys(patterns).filter((key) => !isPlain.test(key));
  if (expressions.length > mostExpressions) {
    const actual = `${expressions.length}`;
    throw new InputError(where, `at most ${mostExpressions} regular expressions`, actual);
  }
  const rules = Object.entries(patterns).map(([key, number]) => ({
    number,
    ...(isPlain.test(key) ? plainRules(key) : expressionRules(key, where, effort)),
  }));
  return (path) => {
    const exact = Object.hasOwn(patterns, path) ? patterns[path] : undefined;
    return {
      older: rules.find(({ older }) => older(path))?.number ?? exact,
      later: rules.find(({ later }) => later(path))?.number ?? exact,
    };
  };
}

/** A module's name, or the last parts of its path: most patterns are no more. */
const isPlain = /^\w[\w.]*$/;
const [mostExpressions, mostEffort] = [200, 2e7];

/** As the expressions below would match a key without anything special but dots. */
function plainRules(key: string) {
  const isEnd = (path: string) => {
    const start = path.length - key.length;
    // a dot stands for any character, as in an expression
    for (let i = 0; i < key.length; i++)
      if (key[i] !== '.' && key[i] !== path[start + i]) return false;
    return true;
  };
  const older = (path: string) => path[path.length - key.length - 1] === '.' && isEnd(path);
  const later = (path: string) => older(path) || (path.length === key.length && isEnd(path));
  return { older, later };
}

function expressionRules(key: string, where: string, effort: Effort) {
  return {
    older: compilePattern(`.*\\.${key}$`, where, effort),
    later: compilePattern(`(.*\\.)?(${key})$`, where, effort),
  };
}
