import { canRead } from '../../eval/rouge.ts';
import type { Note } from '../../events.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { ofCutPrompts, ofRouge, ofUnknownTokens, type Reading, readingOf } from './notes.ts';

/** Texts as ids, and what became of them on the way. */
export interface Encoded {
  /** At most `maxLength` ids each. */
  readonly rows: number[][];
  /** How many ids each would have. */
  readonly lengths: readonly number[];
}

/** What is known of a job's texts before a model has seen them. */
export interface TextFacts {
  /** Tokens of each prompt, uncut. */
  readonly lengths: readonly number[];
  readonly readings: Readonly<Record<'prompts' | 'summaries', Reading>>;
  /** Of the prompts whose responses are measured. */
  readonly references: readonly (readonly string[])[];
}

/** Summaries whose tokens are looked at. */
const mostSummaries = 1000;

/** Encodes texts, cut to a length, and measures those that are cut once more. */
export async function encodeCut(
  { encodeBatch }: Pick<Tokenizer, 'encodeBatch'>,
  texts: readonly string[],
  maxLength: number,
): Promise<Encoded> {
  const rows = await encodeBatch(texts, { maxLength });
  const full = rows.flatMap(({ length }, i) => (length < maxLength ? [] : [i]));
  const whole = await encodeBatch(full.map((i) => texts[i]));
  const lengths = rows.map(({ length }) => length);
  for (const [at, i] of full.entries()) lengths[i] = whole[at].length;
  return { rows, lengths };
}

/** Looks at prompts and summaries as the tokenizer reads them. */
export async function textFacts(
  { encodeBatch, unkId }: Pick<Tokenizer, 'encodeBatch' | 'unkId'>,
  { rows, lengths }: Encoded,
  summaries: readonly string[],
  references: readonly (readonly string[])[],
): Promise<TextFacts> {
  const read = await encodeBatch(summaries.slice(0, mostSummaries));
  const readings = { prompts: readingOf(rows, unkId), summaries: readingOf(read, unkId) };
  return { lengths, readings, references };
}

/** What the texts of a job say of its numbers. */
export function ofTexts(
  facts: TextFacts,
  settings: { readonly maxQueryTokens: number; readonly promptTemplate: string },
): Note[] {
  const { lengths, readings, references } = facts;
  return [
    ofCutPrompts(lengths, settings) ?? [],
    ofUnknownTokens({ ...readings }) ?? [],
    ofRouge(references),
  ].flat();
}

/** Whether ROUGE can tell something of responses to a prompt. */
export function isReadable({ references }: { readonly references: readonly string[] }): boolean {
  return references.some(canRead);
}
