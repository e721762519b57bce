/** Which column holds what: as it is told, or by the names that are usual. Pure. */
import { didYouMean, InputError } from '../errors.ts';

/** What a column is for. */
export interface Role {
  /** In words. */
  readonly name: string;
  /** The setting that names the column. */
  readonly option: string;
  /** tactful's own names, which are taken before any other; the first one is told. */
  readonly own: readonly string[];
  /** Names in other data sets. Two of them at once are not to be told apart. */
  readonly usual: readonly string[];
  /** Names that often mean something else, where there is none of the usual ones. */
  readonly rare?: readonly string[];
}

export const roles = {
  dialogue: {
    name: 'dialogue',
    option: 'dialogueColumn',
    own: ['dialogue'],
    usual: [
      ...['dialog', 'messages', 'conversations'],
      ...['conversation', 'transcript', 'text', 'document', 'article', 'content'],
      ...['post', 'body', 'passage', 'context', 'source', 'input', 'prompt', 'query'],
    ],
    rare: ['turns', 'utterances', 'utterance', 'log', 'chat', 'history'],
  },
  summary: {
    name: 'summary',
    option: 'summaryColumn',
    own: ['summary', 'summary1'],
    usual: [
      ...['highlights', 'abstract', 'tldr', 'target', 'reference', 'output', 'response'],
      ...['completion', 'answer'],
    ],
  },
  id: { name: 'id', option: 'idColumn', own: ['id', 'fname'], usual: [] },
  text: {
    name: 'text',
    option: 'textColumn',
    own: ['text'],
    usual: [
      ...['comment_text', 'comment', 'tweet', 'sentence', 'post', 'message', 'content', 'body'],
      ...['review', 'utterance', 'document', 'input'],
    ],
  },
  label: {
    name: 'label',
    option: 'labelColumn',
    own: ['label'],
    usual: [
      ...['labels', 'class', 'category', 'toxic', 'is_toxic', 'toxicity', 'hate', 'is_hate'],
      ...['hateful', 'offensive', 'target', 'sentiment'],
    ],
  },
} as const satisfies Readonly<Record<string, Role>>;

/**
 * The column for a role, by its exact name; undefined when there is none. Capitals do not matter,
 * nor whether words are joined by spaces, `-` or `_`.
 * @param named the column that a setting names
 * @throws {InputError} when the named one is missing, or when several could be meant
 */
export function findColumn(
  where: string,
  columns: readonly string[],
  { name, option, own, usual, rare = [] }: Role,
  named?: string,
): string | undefined {
  if (named !== undefined) {
    if (columns.includes(named)) return named;
    const remedy = didYouMean(named, columns) || `Set \`${option}\` to one of these.`;
    throw new InputError(where, `a column "${named}"`, listed(columns), remedy);
  }
  const exact = own.find((known) => columns.includes(known));
  if (exact !== undefined) return exact;
  for (const known of [own, usual, rare]) {
    const found = columns.filter((column) => known.includes(plain(column)));
    if (found.length === 1) return found[0];
    if (found.length > 1) {
      const got = found.map((column) => `"${column}"`).join(' and ');
      throw new InputError(where, `one column for the ${name}`, got, `Set \`${option}\`.`);
    }
  }
  return undefined;
}

/**
 * The column for a role that has to be there.
 * @throws {InputError} as `findColumn`, and when there is none, with the column that was probably meant
 */
export function needColumn(
  where: string,
  columns: readonly string[],
  role: Role,
  named?: string,
): string {
  const found = findColumn(where, columns, role, named);
  if (found !== undefined) return found;
  const near = columns.find((column) => didYouMean(plain(column), role.own) !== '');
  const meant = near === undefined ? '' : `${didYouMean(near, [near])} `;
  const set = `${meant}Set \`${role.option}\` to the one that holds it.`;
  const remedy = areData(columns) ? `These look like a row: write names above it. ${set}` : set;
  throw new InputError(where, `a column "${role.own[0]}"`, listed(columns), remedy);
}

/** Whether names are no names: a file without a first row of them. */
function areData(columns: readonly string[]): boolean {
  return columns.some((column) => column.length > 80 || /[\r\n]|^\d+$|[.!?]$/.test(column));
}

function plain(column: string): string {
  return column
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
}

/** Not more than fit on a few lines. */
function listed(columns: readonly string[]): string {
  const names = columns.slice(0, 20).map((column) => `"${column.slice(0, 60)}"`);
  const more = columns.length > 20 ? ` and ${columns.length - 20} more` : '';
  return `the columns ${names.join(', ') || 'none'}${more}`;
}
