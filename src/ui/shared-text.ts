/** What prompts of one template have in common is nothing to tell them by. Pure. */

/** How all texts begin, up to the end of a line or word; nothing of fewer than two. */
export function sharedStart(texts: readonly string[]): string {
  const [first, ...others] = new Set(texts);
  if (first === undefined || others.length === 0) return '';
  let end = first.length;
  for (const text of others) {
    let same = 0;
    while (same < end && text[same] === first[same]) same++;
    end = same;
  }
  const start = first.slice(0, end);
  return start.slice(0, Math.max(start.lastIndexOf('\n'), start.lastIndexOf(' ')) + 1);
}

const starts = new WeakMap<object, string>();

/** How the texts of a window of the list begin: found once for each window. */
export function startIn(window: object, texts: () => readonly string[]): string {
  const known = starts.get(window);
  if (known !== undefined) return known;
  const start = sharedStart(texts());
  starts.set(window, start);
  return start;
}

/** A text without how it begins with the others. */
export function ownPart(text: string, start: string): string {
  return start !== '' && text.length > start.length && text.startsWith(start)
    ? text.slice(start.length)
    : text;
}
