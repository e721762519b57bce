import { InputError } from '../errors.ts';
import { classReader } from './class-names.ts';
import type { ItemReader } from './collect.ts';
import { findColumn, needColumn, roles } from './columns.ts';
import { type SplitOptions, splitExamples } from './prepare.ts';
import { nothingIn, type Row, requiredField } from './table.ts';
import { dialogueField, Shapes, summaryField } from './turns.ts';

/** One text with the name of its class. */
export interface LabelledText {
  readonly text: string;
  readonly label: string;
  /** Class id, where the file has it beside the name. */
  readonly id?: number;
}

/** Which columns hold what. */
export interface LabelledColumns {
  /** @default `text`, or the one that is named as usual: `comment`, `tweet`, `sentence` … */
  readonly textColumn?: string | undefined;
  /**
   * Texts, or numbers and truth values, which stand for their text; class ids are their names
   * where the file says them.
   * @default `label`, or a usual one: `class`, `toxic` …
   */
  readonly labelColumn?: string | undefined;
  /** Where labels are cut as numbers, class ids stay numbers. */
  readonly labelThreshold?: number | undefined;
}

/** Reads rows as labelled texts. */
export function labelledReader(
  options: LabelledColumns = {},
  shapes = new Shapes(),
): ItemReader<LabelledText> {
  return (where, columns, classes) => {
    const text = needColumn(where, columns, roles.text, options.textColumn);
    const label = needColumn(where, columns, roles.label, options.labelColumn);
    const isCut = options.labelThreshold !== undefined;
    const classOf = classReader(label, isCut ? undefined : classes, shapes);
    return {
      columns: { text, label },
      guessed: {
        ...(text !== 'text' && !options.textColumn && { text }),
        ...(label !== 'label' && !options.labelColumn && { label }),
      },
      uses: [...new Set([text, label])],
      item: (row) => {
        const own = requiredField(row, text);
        const named = classOf(row);
        if (named === undefined) throw nothingIn(row, label);
        const { name, ...id } = named;
        return { text: own, label: name.trim(), ...id };
      },
    };
  };
}

/** Which field of a row is read, and the columns by what they hold. */
export interface TextColumns extends Pick<LabelledColumns, 'textColumn'> {
  /** @default `text` where its column is named, else `summary`, or `text` where there is none */
  readonly field?: TextField | undefined;
  readonly dialogueColumn?: string | undefined;
  readonly summaryColumn?: string | undefined;
}

/** What may be one text of a row. */
export const textFields = ['summary', 'dialogue', 'text'] as const;
type TextField = (typeof textFields)[number];

/** Reads one text of each row. */
export function textReader(options: TextColumns = {}, shapes = new Shapes()): ItemReader<string> {
  return (where, columns) => {
    const field = options.field ?? (options.textColumn === undefined ? undefined : 'text');
    const of = (name: TextField) =>
      [where, columns, roles[name], options[`${name}Column`]] as const;
    // where there is neither, the message is about the summary
    const usual = (['summary', 'text'] as const).find((name) => findColumn(...of(name)));
    const taken = field ?? usual ?? 'summary';
    const column = needColumn(...of(taken));
    const own: readonly string[] = roles[taken].own;
    const told = own.includes(column) || options[`${taken}Column`] !== undefined;
    return {
      columns: { [taken]: column },
      guessed: told ? {} : { [taken]: column },
      uses: [column],
      item: (row) => {
        if (taken === 'dialogue') return dialogueField(row, column, shapes);
        return taken === 'summary' ? onlySummary(row, column, shapes) : requiredField(row, column);
      },
    };
  };
}

function onlySummary(row: Row, column: string, shapes: Shapes): string {
  const texts = summaryField(row, column, shapes);
  if (texts.length === 1) return texts[0];
  if (texts.length === 0) return requiredField(row, column);
  const got = `a list of ${texts.length}`;
  throw new InputError(
    row.where,
    `one text in "${column}"`,
    got,
    'Write each in a row of its own.',
  );
}

/**
 * The labels of a new classifier, by class id: as numbers when all of them are whole numbers, else
 * in the order of their UTF-16 code units (`B` before `a`).
 * @throws {InputError} when there are fewer than two
 */
export function labelsOf(texts: readonly LabelledText[]): string[] {
  const labels = [...new Set(texts.map(({ label }) => label))];
  if (labels.length < 2) {
    const actual = labels.map((label) => `"${label}" alone`).join() || 'none';
    throw new InputError('labels', 'two or more', actual, 'Add texts of another class.');
  }
  const numbers = labels.every((label) => /^\d+$/.test(label));
  return numbers ? labels.sort((a, b) => Number(a) - Number(b)) : labels.sort();
}

/**
 * Of each label the first texts for training and the last ceil(testShare * n) for testing, or those
 * that a seed chooses, in the order of the file: also a file that is sorted by label gives both parts all labels. A label with
 * one text is trained on.
 * @throws {InputError} when one of the two parts would be empty
 */
export function splitByLabel<T extends { readonly label: unknown }>(
  texts: readonly T[],
  testShare = 0.2,
  options: SplitOptions = {},
): { train: T[]; test: T[] } {
  const test = new Set<T>();
  for (const label of new Set(texts.map((text) => text.label))) {
    const own = texts.filter((text) => text.label === label);
    const heldOut = own.length > 1 ? splitExamples(own, testShare, options).test : [];
    for (const text of heldOut) test.add(text);
  }
  if (test.size === 0) {
    const expected = 'a label with two texts or more, to hold one out';
    throw new InputError('splitByLabel', expected, 'none', 'Use more data.');
  }
  return {
    train: texts.filter((text) => !test.has(text)),
    test: texts.filter((text) => test.has(text)),
  };
}
