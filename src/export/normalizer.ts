/** What transformers.js makes of a tokenizer's normaliser, and what has to be written for it. Pure. */
import type { Note } from '../events.ts';
import { normalisedBy } from '../tokenizer/charsmap.ts';
import { bytesOfBase64 } from '../tokenizer/tokenizer-parts.ts';

type Normalizer = Readonly<Record<string, unknown>>;

/** Letters, digits and signs of Latin, Greek and Cyrillic, and their wide forms and ligatures. */
const probes = [
  [0x21, 0x530],
  [0xfb00, 0xfb07],
  [0xff01, 0xff5f],
].flatMap(([from, to]) =>
  Array.from({ length: to - from }, (_, i) => String.fromCodePoint(from + i)).filter((character) =>
    /[\p{L}\p{N}\p{P}]/u.test(character),
  ),
);

/**
 * transformers.js does not read SentencePiece's table of normalised characters: it takes NFKC in its
 * place. A table that also folds capitals is followed by `Lowercase`, which changes next to nothing
 * where the table is read. What still differs is told.
 * @param normalizer of `tokenizer.json`, checked
 * @returns the normaliser to write; undefined where the one that is there does
 */
export function normalizerForBrowsers(normalizer: unknown): {
  readonly written?: Normalizer;
  readonly notes: readonly Note[];
} {
  const parts = partsOf(normalizer);
  const at = parts.findIndex(({ type }) => type === 'Precompiled');
  const table = parts[at]?.precompiled_charsmap;
  const bytes = typeof table === 'string' ? bytesOfBase64(table) : undefined;
  if (!bytes) return { notes: [] };
  const lookUp = normalisedBy(bytes);
  const wanted = (character: string) => lookUp(character) ?? character;
  const nfkc = (character: string) => character.normalize('NFKC');
  const small = (character: string) => nfkc(character).toLowerCase();
  const others = (made: (character: string) => string) =>
    probes.filter((character) => made(character) !== wanted(character));
  const [asItIs, lowered] = [others(nfkc), others(small)];
  const folds = lowered.length < asItIs.length;
  const left = folds ? lowered : asItIs;
  const written = [...parts.slice(0, at + 1), { type: 'Lowercase' }, ...parts.slice(at + 1)];
  return {
    ...(folds && { written: { type: 'Sequence', normalizers: written } }),
    notes: left.length > 0 ? [told(left, wanted)] : [],
  };
}

function partsOf(normalizer: unknown): Normalizer[] {
  if (typeof normalizer !== 'object' || normalizer === null) return [];
  const { type, normalizers } = normalizer as Normalizer;
  if (type !== 'Sequence' || !Array.isArray(normalizers)) return [normalizer as Normalizer];
  return normalizers.flatMap(partsOf);
}

function told(characters: readonly string[], wanted: (character: string) => string): Note {
  const examples = characters.slice(0, 3).map((one) => `${one} to "${wanted(one)}"`);
  return {
    says:
      `The tokenizer's table of normalised characters turns ${examples.join(', ')}` +
      `${characters.length > 3 ? ` and ${characters.length - 3} more` : ''}; transformers.js does not read it.`,
    remedy: 'Texts with these have other tokens there: turn them before they are given to it.',
  };
}
