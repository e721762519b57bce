import { z } from 'zod';
import { encodingName } from './encoding.ts';
import { promptTemplate } from './prompt.ts';

const name = z.string().min(1).optional();

/** How the text of a file is written: fields of whatever reads data. */
export const dialectFields = {
  delimiter: z
    .string()
    .regex(/^[^"'\r\n]$/u)
    .optional()
    .meta({
      escapes: true,
      expects: 'one character, such as ";", "|" or \\t',
      description: 'What stands between cells of CSV and TSV (default: as the first rows show)',
    }),
  encoding: z
    .string()
    .refine((label) => encodingName(label) !== undefined)
    .optional()
    .meta({
      expects: 'a text encoding, such as utf-8, windows-1252, shift_jis, gbk or euc-kr',
      description:
        'Encoding of text files: windows-1252, shift_jis, gbk … (default: utf-8, or what a mark says)',
    }),
};

/** Which rows of the data are read, and what becomes of bad ones: fields of the jobs' settings. */
export const rowFields = {
  split: name.describe(
    'Part of a data folder: train, validation, test … (default: train, where files are named so)',
  ),
  maxRows: z.int().positive().optional().describe('Rows to read at most, from the first'),
  strict: z
    .boolean()
    .default(false)
    .describe('Stop at the first bad row (default: bad rows are told and left out)'),
  ...dialectFields,
};

/** Where the dialogue of a row stands, and what belongs to it. */
export const dialogueColumns = {
  dialogueColumn: name.describe('Column of the dialogues (default: dialogue, text, article …)'),
  summaryColumn: name.describe('Column of the summaries (default: summary, highlights …)'),
  idColumn: name.describe('Column that names the rows (default: id, fname, or the row number)'),
};

/** That, and where the dialogues to hold out come from. */
export const dialogueFields = {
  ...dialogueColumns,
  ...rowFields,
  testData: name.describe(
    'File, folder, or name on the hub, to hold out instead of the end of the data (default: none)',
  ),
  testSplit: name.describe(
    'Part of the data folder, or of testData, to hold out (default: test with testData, else none)',
  ),
};

/** Where the texts and labels of a row stand. */
export const labelledColumns = {
  textColumn: name.describe('Column of the texts (default: text, comment, tweet …)'),
  labelColumn: name.describe('Column of the label names (default: label, class, toxic …)'),
};

/** That, and which rows. */
export const labelledFields = { ...labelledColumns, ...rowFields };

/** Whether what is held out comes from all over the data. */
export const splitFields = {
  shuffleSplit: z
    .boolean()
    .default(false)
    .describe('Hold out rows from all over the data, not its end'),
  splitSeed: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Which ones those are: the same for every `seed` of a run'),
};

/** How dialogues become prompts for training and for testing: fields of the jobs' settings. */
export const promptFields = {
  minimumLength: z
    .int()
    .nonnegative()
    .default(200)
    .describe('Shortest dialogue kept, in characters, exclusive'),
  maximumLength: z.int().positive().default(1000).describe('Longest dialogue kept, in characters'),
  testShare: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.2)
    .describe('Share of the data that is held out, from its end'),
  ...splitFields,
  promptTemplate,
  maxQueryTokens: z.int().positive().default(512).describe('Longer prompts are cut'),
};
