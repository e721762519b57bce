/** Which regular expressions of a tokenizer are safe to run on any text. */

/** Those of well-known tokenizers. */
const wellKnown = new Set([
  // GPT-2
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  // Llama 3
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  // Qwen 2
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
]);

const property = String.raw`\\[pP]\{\^?\w+\}`;
const escaped = String.raw`\\(?:[^pPxugkKGXRNOBbAzZ0-9]|x[0-9a-fA-F]{2})`;
const set = String.raw`\[\^?(?:${property}|${escaped}|[^\\\[\]&])+\]`;
const plain = String.raw`[^\\\[\](){}|*+?^$.]`;
const atom = `(?:${property}|${escaped}|${set}|${plain}|\\.)`;
const quantifier = String.raw`(?:[*+?]|\{\d{1,2}(?:,\d{0,2})?\})`;
const lookahead = String.raw`\(\?[!=]${atom}\)`;
const branch = new RegExp(`^\\^?((?:${atom}${quantifier}?)*)(?:${lookahead})?\\$?$`, 'u');
const part = new RegExp(`${atom}(${quantifier}?)`, 'gu');
const longest = 200;

/**
 * Whether a search for the expression takes few steps a character, whatever the text, and never
 * finds an empty one: alternatives of plain characters and sets, of which one at most repeats.
 * Elsewhere the native library may abort the process.
 */
export function isSafePattern(pattern: string): boolean {
  if (wellKnown.has(pattern)) return true;
  return pattern.length <= longest && branchesOf(pattern).every(isSafeBranch);
}

function isSafeBranch(text: string): boolean {
  const parts = branch.exec(text)?.[1];
  if (parts === undefined) return false;
  const counts = [...parts.matchAll(part)].map(([, count]) => count);
  const repeated = counts.filter((count) => /^[*+]|,/.test(count)).length;
  const optional = counts.filter((count) => count === '?').length;
  const solid = counts.some((count) => !/^(?:[*?]|\{0)/.test(count));
  return solid && repeated <= 1 && optional <= 2;
}

/** Splits at each `|` outside of sets and escapes. */
function branchesOf(pattern: string): string[] {
  const parts = pattern.match(/\\[\s\S]|\[(?:\\[\s\S]|[^\\\]])*\]|[\s\S]/gu) ?? [];
  const branches = [''];
  for (const part of parts) {
    if (part === '|') branches.push('');
    else branches[branches.length - 1] += part;
  }
  return branches;
}
