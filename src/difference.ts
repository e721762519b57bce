/** What words two texts have in common, and which went and came. Pure. */

/** Words in a row that are in both texts, in the first alone, or in the second alone. */
export interface Part {
  readonly kind: 'same' | 'gone' | 'new';
  readonly text: string;
}

/** Above so many pairs of words, what differs is taken as one piece: nobody reads it word by word. */
const mostPairs = 1_000_000;

/** Scripts that put no blanks between words. */
const unspaced = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}]/u;

let segmenter: Intl.Segmenter | undefined;

/** Words, marks and blanks of a text, which together are the text. */
export function wordsOf(text: string): string[] {
  const pieces = text.match(/\s+|[^\s.,;:!?…]+|[.,;:!?…]+/gu) ?? [];
  return pieces.flatMap((piece) => {
    if (!unspaced.test(piece)) return [piece];
    segmenter ??= new Intl.Segmenter(undefined, { granularity: 'word' });
    return Array.from(segmenter.segment(piece), ({ segment }) => segment);
  });
}

/**
 * The shortest way from one text to the other by whole words: the parts that are not new make the
 * first text, those that are not gone the second.
 */
export function difference(before: string, after: string): Part[] {
  const [a, b] = [wordsOf(before), wordsOf(after)];
  const shortest = Math.min(a.length, b.length);
  let start = 0;
  while (start < shortest && a[start] === b[start]) start++;
  let end = 0;
  while (end < shortest - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const middle = between(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const same = (words: readonly string[]) => words.map((text) => ({ kind: 'same', text }) as const);
  return joined([...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))]);
}

/** By the longest common subsequence. */
function between(a: readonly string[], b: readonly string[]): Part[] {
  const gone = a.map((text): Part => ({ kind: 'gone', text }));
  const come = b.map((text): Part => ({ kind: 'new', text }));
  if (a.length * b.length > mostPairs) return [...gone, ...come];
  const width = b.length + 1;
  // common[i, j]: length of the longest common subsequence of a from i and b from j
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const [here, down, right] = [i * width + j, (i + 1) * width + j, i * width + j + 1];
      common[here] = a[i] === b[j] ? common[down + 1] + 1 : Math.max(common[down], common[right]);
    }
  }
  const parts: Part[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      parts.push({ kind: 'same', text: a[i] });
      i++;
      j++;
    } else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) parts.push(gone[i++]);
    else parts.push(come[j++]);
  }
  return [...parts, ...gone.slice(i), ...come.slice(j)];
}

/** Neighbours of one kind as one part; of what changed between two words that stay, first what went. */
function joined(parts: readonly Part[]): Part[] {
  const result: Part[] = [];
  let changed = { gone: '', new: '' };
  const flush = () => {
    for (const kind of ['gone', 'new'] as const)
      if (changed[kind] !== '') result.push({ kind, text: changed[kind] });
    changed = { gone: '', new: '' };
  };
  parts.forEach(({ kind, text }, i) => {
    const isChange = kind !== 'same';
    const next = parts[i + 1];
    const isGap = !isChange && text.trim() === '' && changed.gone + changed.new !== '';
    if (isChange) changed[kind] += text;
    // a blank between two changes belongs to both
    else if (isGap && next && next.kind !== 'same') {
      changed = { gone: changed.gone + text, new: changed.new + text };
    } else {
      flush();
      const last = result.at(-1);
      if (last?.kind === 'same') result.splice(-1, 1, { kind, text: last.text + text });
      else result.push({ kind, text });
    }
  });
  flush();
  return result;
}
