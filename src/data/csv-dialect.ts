/** How the cells of a CSV text are written, as its first rows show. Pure. */

/** What stands between cells, and around them. */
export interface Dialect {
  readonly delimiter: string;
  readonly quote: string;
  /** Quotes inside quoted cells have a backslash, and not a second quote. */
  readonly backslashes: boolean;
  /** Blanks after a delimiter are no part of a cell. */
  readonly trims: boolean;
}

/** A dialect, and what was found out of it. */
export interface FoundDialect extends Dialect {
  /** Characters of a first line that is no row, `sep=;`, with its end. */
  readonly skip: number;
  /** In sentences, where it is not the usual one. */
  readonly told: readonly string[];
}

/** What else than the usual one may stand between cells. */
const delimiters = [',', ';', '\t', '|'];
/** Characters, and rows of them, that show the dialect. */
const lookedAt = 2 ** 16;
const mostRows = 30;

/**
 * The dialect of a text.
 * @param head of the text, whole or not
 * @param given what stands between cells, where a setting says so
 * @param usual what does by the file's name
 */
export function dialectOf(head: string, given: string | undefined, usual: string): FoundDialect {
  const [line = '', named] = /^"?sep=([^"\r\n])"?[ \t]*(?:\r\n|\n|\r)/i.exec(head) ?? [];
  const text = head.slice(line.length, line.length + lookedAt);
  const quote = /^\s*'[^'\r\n]*'[^\w\r\n]/.test(text) ? "'" : '"';
  const delimiter = given ?? named ?? bestOf(text, usual, quote);
  const { rows, strays } = rowsOf(text, { delimiter, quote, escapedBy: quote });
  const escaped = rowsOf(text, { delimiter, quote, escapedBy: '\\' });
  const backslashes = escaped.strays < strays;
  const [names = []] = rows;
  const trims = names.length > 1 && names.slice(1).every((name) => name.startsWith(' '));
  const told = [
    delimiter !== (given ?? usual) && `Cells are separated by ${nameOf(delimiter)}.`,
    quote !== '"' && "Cells are in single quotes ('…').",
    backslashes && `Quotes inside cells are written \\${quote}.`,
    trims && 'Blanks after a delimiter are left out.',
  ];
  const skip = line.length;
  return { delimiter, quote, backslashes, trims, skip, told: told.filter((one) => one !== false) };
}

/** `tabs`, `";"` */
export function nameOf(delimiter: string): string {
  return delimiter === '\t' ? 'tabs' : `"${delimiter}"`;
}

/** The delimiter by which most rows have as many cells as there are names; if in doubt, the usual one. */
function bestOf(text: string, usual: string, quote: string): string {
  const candidates = [usual, ...delimiters.filter((one) => one !== usual)].map((delimiter) => {
    const [names = [], ...rows] = rowsOf(text, { delimiter, quote, escapedBy: quote }).rows;
    const whole = rows.filter(({ length }) => length === names.length).length;
    return { delimiter, cells: names.length, share: rows.length > 0 ? whole / rows.length : 1 };
  });
  const able = candidates.filter(({ cells }) => cells > 1);
  if (able.length === 0) return usual;
  return able.reduce((a, b) =>
    b.share > a.share || (b.share === a.share && b.cells > a.cells) ? b : a,
  ).delimiter;
}

type Marks = Pick<Dialect, 'delimiter' | 'quote'> & { readonly escapedBy: string };

interface Rows {
  /** Cells of the first rows, without quotes around them; a last half row is left out. */
  readonly rows: string[][];
  /** Quotes that end a cell before its end. */
  readonly strays: number;
}

function rowsOf(text: string, { delimiter, quote, escapedBy }: Marks): Rows {
  const rows: string[][] = [];
  let row: string[] = [];
  let [cell, quoted, strays] = ['', false, 0];
  for (let i = 0; i < text.length && rows.length < mostRows; i++) {
    const [char, next = '\n'] = [text[i], text[i + 1]];
    if (quoted) {
      if (char === escapedBy && (next === quote || next === escapedBy)) cell += text[++i];
      else if (char === quote) {
        quoted = false;
        if (![delimiter, '\n', '\r'].includes(next)) strays++;
      } else cell += char;
    } else if (char === quote && cell.trim() === '') [cell, quoted] = ['', true];
    else if (char === delimiter) {
      row.push(cell);
      cell = '';
    } else if (char === '\n' || char === '\r') {
      if (row.length > 0 || cell !== '') rows.push([...row, cell]);
      [row, cell] = [[], ''];
    } else cell += char;
  }
  const isWhole = text.length < lookedAt && (row.length > 0 || cell !== '');
  if (rows.length === 0 || (rows.length < mostRows && isWhole)) rows.push([...row, cell]);
  return { rows, strays };
}
