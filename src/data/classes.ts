/** Labels as classes: one class in each of its spellings, and two classes of scores. Pure. */
import { didYouMean, InputError } from '../errors.ts';
import type { Note } from '../events.ts';
import type { LabelledText } from './labelled.ts';

/** Texts whose labels are classes. */
interface Classes {
  readonly texts: LabelledText[];
  readonly notes: readonly Note[];
}

/**
 * Texts with one spelling of each class: `1.0` is `1`, as pandas writes it where a column has gaps,
 * and `True` is `true`.
 * @param threshold makes two classes of numbers: 1 from it on, 0 below
 * @throws {InputError} when labels are scores and there is no threshold, or the other way round
 */
export function asClasses(texts: readonly LabelledText[], threshold?: number): Classes {
  if (threshold !== undefined) return cutAt(texts, threshold);
  const labels = new Set(texts.map(({ label }) => plain(label)));
  refuseScores(labels);
  const isMixed = [...labels].every((label) => Object.hasOwn(truths, label) || isBit(label));
  const both = isMixed && [...labels].some(isBit) && ![...labels].every(isBit);
  const one = (label: string) => (both ? bitOf(plain(label)) : plain(label));
  const says = 'Labels true and 1 are one class, and so are false and 0.';
  return {
    texts: texts.map((text) => ({ ...text, label: one(text.label) })),
    notes: both ? [{ says }] : [],
  };
}

/**
 * The class id of each label: its place among the names, or the id that it is or stands for. Where
 * the model names no class, ids that the data has beside its labels count.
 * @throws {InputError} when a label is none of them, or two are of one class
 */
export function classIds(
  texts: Iterable<Omit<LabelledText, 'text'>>,
  names: readonly string[],
): { ids: ReadonlyMap<string, number>; notes: readonly Note[] } {
  const ids = new Map<string, number>();
  const own = areUnnamed(names) ? ownIds(texts, names.length) : undefined;
  for (const label of new Set([...texts].map((text) => text.label))) {
    const id = own?.get(label) ?? idOf(label, names);
    const [before] = [...ids].find(([, other]) => other === id) ?? [];
    if (before !== undefined) {
      const actual = `"${before}" and "${label}" for "${names[id]}"`;
      const remedy = `Name the classes as the model does, here or with \`labelNames\`: ${quoted(names)}.`;
      throw new InputError('labels', 'one name for each class', actual, remedy);
    }
    ids.set(label, id);
  }
  const renamed = [...ids].filter(([label, id]) => label !== plain(names[id]));
  const listed = renamed.slice(0, 5).map(([label, id]) => `"${label}" as "${names[id]}"`);
  const more = renamed.length > listed.length ? ' …' : '';
  const says = `Labels of the data are read as class ids: ${listed.join(', ')}${more}.`;
  return { ids, notes: renamed.length > 0 ? [{ says }] : [] };
}

/** Whether the names of classes are those that stand for none. */
export function areUnnamed(names: readonly string[]): boolean {
  return names.every((name, i) => name === `LABEL_${i}`);
}

/** Ids of labels that have one and the same wherever they have one. */
function ownIds(texts: Iterable<Omit<LabelledText, 'text'>>, count: number) {
  const ids = new Map<string, number>();
  const torn = new Set<string>();
  for (const { label, id } of texts) {
    if (id === undefined) continue;
    if ((ids.get(label) ?? id) !== id || id >= count) torn.add(label);
    ids.set(label, id);
  }
  for (const label of torn) ids.delete(label);
  return ids;
}

function idOf(label: string, names: readonly string[]): number {
  const index = names.indexOf(label);
  const alike = index < 0 ? names.findIndex((name) => plain(name) === label) : index;
  if (alike >= 0) return alike;
  const [, digits] = /^(?:LABEL_)?(\d+)$/.exec(label) ?? [];
  if (digits !== undefined && Number(digits) < names.length) return Number(digits);
  const word = label.toLowerCase();
  if (names.length === 2 && Object.hasOwn(truths, word)) return truths[word];
  const known = `one of ${quoted(names)}`;
  const remedy =
    `Say which of these each label of the data is, as in \`labelNames\` "${label}=…". Or train a ` +
    'fresh classifier: set `modelConfig` to a config.json without id2label, and `tokenizer`.';
  const near = didYouMean(label, names);
  throw new InputError('label', known, `"${label}"`, `${near} ${remedy}`.trimStart());
}

/** What stands for a class where there are two. */
const truths: Readonly<Record<string, number>> = { false: 0, true: 1, no: 0, yes: 1 };

/** One spelling of a whole number or a truth value. */
export function plain(label: string): string {
  if (/^(true|false)$/i.test(label)) return label.toLowerCase();
  const isWritten = /^[+-]?\d+\.0*$|^[+-]?\d(\.\d*)?e[+-]?\d+$/i.test(label);
  return isWritten && Number.isSafeInteger(Number(label)) ? String(Number(label)) : label;
}

function isBit(label: string): boolean {
  return label === '0' || label === '1';
}

function bitOf(label: string): string {
  return Object.hasOwn(truths, label) ? String(truths[label]) : label;
}

function isNumber(label: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(label);
}

/** Shares of votes or scores of a model: each value would be a class. */
function refuseScores(labels: ReadonlySet<string>): void {
  if (![...labels].every(isNumber)) return;
  const score = [...labels].find((label) => !Number.isInteger(Number(label)));
  if (score === undefined) return;
  const remedy =
    'These are scores, and a regression is not trained here: set `labelThreshold`, for instance to ' +
    '0.5, to make two classes of them.';
  throw new InputError('labels', 'names or whole numbers of classes', score, remedy);
}

function cutAt(texts: readonly LabelledText[], threshold: number): Classes {
  const cut = texts.map(({ text, label }) => {
    const value = bitOf(label.toLowerCase());
    if (isNumber(value)) return { text, label: Number(value) >= threshold ? '1' : '0' };
    const remedy = 'Leave `labelThreshold` out, or name another column with `labelColumn`.';
    throw new InputError('labels', 'numbers, to be cut at `labelThreshold`', `"${label}"`, remedy);
  });
  const high = cut.filter(({ label }) => label === '1').length;
  const says = `Labels from ${threshold} on are class 1, those below class 0: ${high} and ${cut.length - high} texts.`;
  return { texts: cut, notes: [{ says }] };
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
