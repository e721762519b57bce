/** Which rows of a long list can be seen, and which pages of them have to be asked for. Pure. */

/** Rows that are asked for together. */
export const pageSize = 100;

/** Pages that are kept beside the newest, so that whoever reads on and on does not fill the memory. */
const mostPages = 49;

/** Rows above and below what can be seen that are there too: the keyboard goes to them. */
const around = 8;

export interface Place {
  /** Pixels that the list is scrolled down, that can be seen of it, and that a row is high. */
  readonly top: number;
  readonly height: number;
  readonly rowHeight: number;
}

/** The rows from `first` up to, but not with, `end` of so many. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

export function rangeAt({ top, height, rowHeight }: Place, total: number): Range {
  const first = Math.floor(top / rowHeight) - around;
  const end = Math.ceil((top + height) / rowHeight) + 1 + around;
  return { first: Math.max(0, Math.min(first, total)), end: Math.max(0, Math.min(end, total)) };
}

/** Pages that hold rows of the range, by their numbers from 0. */
export function pagesOf({ first, end }: Range): number[] {
  if (end <= first) return [];
  const [from, to] = [Math.floor(first / pageSize), Math.floor((end - 1) / pageSize)];
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** What of a long list is there: so many rows, and some pages of them. */
export interface Loaded<Page> {
  readonly address: string;
  readonly total: number;
  readonly pages: ReadonlyMap<number, Page>;
}

/** With one page more. Where the list has changed its length, what was there of it no longer counts. */
export function withPage<Page extends { readonly total: number }>(
  loaded: Loaded<Page>,
  number: number,
  page: Page,
): Loaded<Page> {
  const kept = page.total === loaded.total ? [...loaded.pages].slice(-mostPages) : [];
  return { ...loaded, total: page.total, pages: new Map([...kept, [number, page]]) };
}
