/** I/O: reads the dialogues of a job: those to train on, and those to hold out. */
import { relative } from 'node:path';
import { ConfigError, InputError } from '../errors.ts';
import type { Note, SkippedRows } from '../events.ts';
import type { Example, ExampleColumns } from './examples.ts';
import { dataFiles, type PartOptions } from './files.ts';
import { differenceOf, kindNote } from './kinds.ts';
import { languageNote } from './language.ts';
import { Lengths } from './lengths.ts';
import { mergeRepeats, withoutHeldOut } from './merge.ts';
import { shuffleSeedOf, splitExamples } from './prepare.ts';
import { isModule, promptSources } from './prompt.ts';
import { type ReadOptions, readExamples } from './read.ts';

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
  readonly shuffleSplit?: boolean | undefined;
  readonly splitSeed?: number | undefined;
  readonly delimiter?: string | undefined;
  readonly encoding?: string | undefined;
  readonly promptTemplate?: string | undefined;
}

/** How much there is. */
export interface DialogueSizes {
  /** Rows that could be read. */
  readonly rows: number;
  /** Of these, the ones that were not too short or too long. */
  readonly kept: number;
  /** Different dialogues in these, where some come several times: `train` and `test` count them. */
  readonly dialogues?: number;
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
 * Rows with the same dialogue are one; what is held out is not trained on.
 * @throws {InputError} as `readExamples`, and when there is nothing to train on or to hold out
 * @throws {ConfigError} when the same file would be trained on and held out
 */
export async function readDialogues(given: DialogueSettings): Promise<Dialogues> {
  const { data, testData, testSplit, promptTemplate = '' } = given;
  const settings = { ...given, keepsRows: given.keepsRows ?? isModule(promptTemplate) };
  const apart = testData !== undefined || testSplit !== undefined;
  const whole = await readPart(data, settings);
  const { train, test, heldOut, notes } = apart
    ? await partsApart(whole, settings)
    : endHeldOut(whole, settings);
  const read = [whole, ...(heldOut ? [heldOut] : [])];
  const sum = (of: (part: Part) => number) => read.reduce((total, part) => total + of(part), 0);
  const skipped = both(whole.skipped, heldOut?.skipped);
  const [kept, dialogues] = [sum((part) => part.kept), sum((part) => part.examples.length)];
  const sizes = {
    rows: sum((part) => part.rows),
    kept,
    ...(dialogues < kept && { dialogues }),
    train: train.length,
    test: test.length,
    ...(skipped && { skipped }),
    ...(Object.keys(whole.guessed).length > 0 && { columns: whole.guessed }),
  };
  const ofTexts = languageNote([...train, ...test], settings.promptTemplate) ?? [];
  return {
    train,
    test,
    sizes,
    notes: [...read.flatMap((part) => part.notes), ...notes, ofTexts].flat(),
  };
}

type Part = Awaited<ReturnType<typeof readPart>>;

/** The dialogues of one path, those of a good length, each once. */
async function readPart(path: string, options: DialogueSettings & ReadOptions<Example>) {
  const { minimumLength: minimum, maximumLength: maximum, groupColumn } = options;
  const lengths = new Lengths({ minimum, maximum });
  const read = await readExamples(path, { ...options, keep: lengths.keep });
  const { examples, notes: ofRows } = mergeRepeats(read.examples, path, groupColumn);
  const ofLength = lengths.note(path) ?? [];
  const notes = [...read.notes, ofLength, ...ofRows].flat();
  return { ...read, kept: read.examples.length, examples, lengths, notes };
}

/** What is trained on and what is held out; what was found in both together. */
interface Parts {
  readonly train: Example[];
  readonly test: Example[];
  /** Where what is held out was read from, if from elsewhere. */
  readonly heldOut?: Part;
  readonly notes: readonly Note[];
}

function endHeldOut({ examples, lengths }: Part, settings: DialogueSettings): Parts {
  const { data, testShare, groupColumn = 'tone' } = settings;
  if (examples.length < 2) {
    throw lengths.tooFew(data, 'dialogues to train on and to hold out', examples.length);
  }
  const shuffleSeed = shuffleSeedOf(settings);
  const parts = splitExamples(examples, testShare, { shuffleSeed });
  const difference =
    shuffleSeed === undefined && differenceOf(parts.train, parts.test, groupColumn);
  return { ...parts, notes: difference ? [kindNote(difference)] : [] };
}

async function partsApart(whole: Part, settings: DialogueSettings): Promise<Parts> {
  const { data, testData, testSplit } = settings;
  const part = { split: testSplit, usualSplit: 'test', setting: 'testSplit' } as const;
  const heldOut = await readPart(testData ?? data, { ...settings, ...part });
  expectApart(whole.files, heldOut.files, settings);
  const [trained, tested] = ['dialogues to train on', 'dialogues to hold out'];
  if (whole.examples.length === 0) throw whole.lengths.tooFew(data, trained, 0);
  if (heldOut.examples.length === 0) throw heldOut.lengths.tooFew(testData ?? data, tested, 0);
  const { train, notes } = withoutHeldOut(whole.examples, heldOut.examples);
  if (train.length === 0) {
    throw new InputError(data, trained, 'none that are not held out as well', 'Use other data.');
  }
  return { train, test: heldOut.examples, heldOut, notes };
}

/** The files that the settings name, by their role: `data`, or of a folder `data train.csv`; a prompt module's too. */
export async function dataSources(
  settings: Pick<DialogueSettings, 'data' | 'split' | 'testData' | 'testSplit' | 'promptTemplate'>,
): Promise<Record<string, string>> {
  const { data, split, testData, testSplit, promptTemplate = '' } = settings;
  const sources = await promptSources(promptTemplate);
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
