/** I/O: reads the dialogues of a job: those to train on, and those to hold out. */
import { relative } from 'node:path';
import { ConfigError, InputError } from '../errors.ts';
import type { Note, SkippedRows } from '../events.ts';
import type { Example, ExampleColumns } from './examples.ts';
import { dataFiles, type PartOptions } from './files.ts';
import { isWithin, splitExamples } from './prepare.ts';
import { readExamples } from './read.ts';

/** Settings of `dialogueFields` and `promptFields`, as far as they decide which dialogues are read. */
export interface DialogueSettings extends ExampleColumns {
  readonly data: string;
  readonly split?: string | undefined;
  readonly testData?: string | undefined;
  readonly testSplit?: string | undefined;
  readonly maxRows?: number | undefined;
  readonly strict?: boolean | undefined;
  readonly minimumLength: number;
  readonly maximumLength: number;
  readonly testShare: number;
}

/** How much there is. */
export interface DialogueSizes {
  /** Rows that could be read. */
  readonly rows: number;
  /** Of these, the ones that were not too short or too long. */
  readonly kept: number;
  readonly train: number;
  readonly test: number;
  readonly skipped?: SkippedRows;
  /** Columns by what they hold, where that was found out. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** Dialogues in two parts. */
export interface Dialogues {
  readonly train: Example[];
  readonly test: Example[];
  readonly sizes: DialogueSizes;
  /** What was found in the rows that a user would want to know. */
  readonly notes: readonly Note[];
}

/**
 * Reads, filters by length, and holds out: the end of the data, or what `testData` or `testSplit` name.
 * @throws {InputError} as `readExamples`, and when there is nothing to train on or to hold out
 * @throws {ConfigError} when the same file would be trained on and held out
 */
export async function readDialogues(settings: DialogueSettings): Promise<Dialogues> {
  const { data, testData, testSplit, testShare } = settings;
  const { minimumLength: minimum, maximumLength: maximum } = settings;
  const keep = ({ dialogue }: Example) => isWithin(dialogue, { minimum, maximum });
  const all = await readExamples(data, { ...settings, keep });
  const { rows, examples, skipped, guessed } = all;
  const columns = Object.keys(guessed).length > 0 && { columns: guessed };
  if (testData === undefined && testSplit === undefined) {
    const { train, test } = splitExamples(examples, testShare);
    const lengths = { rows, kept: examples.length, train: train.length, test: test.length };
    const sizes = { ...lengths, ...(skipped && { skipped }), ...columns };
    return { train, test, sizes, notes: all.notes };
  }
  const part = { split: testSplit, usualSplit: 'test', setting: 'testSplit' } as const;
  const heldOut = await readExamples(testData ?? data, { ...settings, ...part, keep });
  expectApart(all.files, heldOut.files, settings);
  const [train, test] = [examples, heldOut.examples];
  if (train.length === 0 || test.length === 0) {
    const actual = `${train.length} and ${test.length}`;
    const remedy = 'Use more data, or wider bounds: `minimumLength`, `maximumLength`.';
    throw new InputError(data, 'dialogues to train on and to hold out', actual, remedy);
  }
  const bad = both(skipped, heldOut.skipped);
  const sizes = {
    rows: rows + heldOut.rows,
    kept: train.length + test.length,
    train: train.length,
    test: test.length,
    ...(bad && { skipped: bad }),
    ...columns,
  };
  return { train, test, sizes, notes: [...all.notes, ...heldOut.notes] };
}

/** The files that the settings name, by their role: `data`, or of a folder `data train.csv`. */
export async function dataSources(
  settings: Pick<DialogueSettings, 'data' | 'split' | 'testData' | 'testSplit'>,
): Promise<Record<string, string>> {
  const { data, split, testData, testSplit } = settings;
  const sources: Record<string, string> = {};
  const add = async (role: string, path: string, part: PartOptions) => {
    for (const { path: file } of await dataFiles(path, part)) {
      const name = relative(path, file).replaceAll(/[\\/]/g, '.');
      sources[name === '' ? role : `${role} ${name}`] = file;
    }
  };
  await add('data', data, { split });
  const part = { split: testSplit, usualSplit: 'test', setting: 'testSplit' } as const;
  if (testData !== undefined) await add('testData', testData, part);
  else if (testSplit !== undefined) await add('data', data, part);
  return sources;
}

function expectApart(
  train: readonly string[],
  test: readonly string[],
  { data, testData }: Pick<DialogueSettings, 'data' | 'testData'>,
): void {
  const same = test.find((path) => train.includes(path));
  if (same === undefined) return;
  const where = testData === undefined ? '`testSplit`' : '`testData`';
  const remedy = same === data ? 'Name another file.' : 'Set `split` and `testSplit` to two parts.';
  throw new ConfigError(where, 'other files than those to train on', same, remedy);
}

function both(a: SkippedRows | undefined, b: SkippedRows | undefined): SkippedRows | undefined {
  if (!a || !b) return a ?? b;
  return { count: a.count + b.count, first: [...a.first, ...b.first] };
}
