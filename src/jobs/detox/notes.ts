/**
 * What a reader of a run's numbers must know of its prompts, its sampler and its answers. A run tells
 * it, and the check-up finds it, in the same words. Pure.
 */

import type { Sample } from '../../comparison.ts';
import { templateText } from '../../data/prompt.ts';
import { canRead, readShare } from '../../eval/rouge.ts';
import { mean } from '../../eval/sums.ts';
import type { Note, StepMetrics } from '../../events.ts';
import type { GenerationConfig } from '../../model/sampling.ts';
import { counted, fixed, grouped, list, percent } from '../../report/text.ts';

/** Share of texts that may be cut before it is worth a word. */
const mostCut = 0.01;
/** Share of tokens that may be unknown. */
const mostUnknown = 0.01;
/** Share of a text's letters that ROUGE may leave out. */
const mostUnread = 0.01;
/** Share of answers that may be empty, or without an end. */
const mostBroken = 0.1;
/** Share of answers that may hold a sentinel. */
const mostSentinels = 0.01;
/** Share of groups that may be without signal, and share of whole batches. */
export const mostDead = 0.5;
const mostFlat = 0.2;
/** Below this a mean KL is not the noise of its estimate. */
const leastKl = -0.01;

/** Texts as a tokenizer reads them. */
export interface Reading {
  readonly texts: number;
  readonly tokens: number;
  readonly unknown: number;
}

/** Counts what a tokenizer did not know. */
export function readingOf(
  rows: readonly (readonly number[])[],
  unkId: number | undefined,
): Reading {
  const count = (row: readonly number[]) => row.filter((id) => id === unkId).length;
  return {
    texts: rows.length,
    tokens: rows.reduce((sum, row) => sum + row.length, 0),
    unknown: rows.reduce((sum, row) => sum + count(row), 0),
  };
}

/** How many prompts are cut, in words without an end. */
export function cutText(lengths: readonly number[], limit: number): string {
  const cut = lengths.filter((length) => length > limit).length;
  return (
    `${grouped(cut)} of ${counted(lengths.length, 'prompt')} (${percent(cut / lengths.length)}) are cut at ` +
    `${grouped(limit)} tokens (the longest has ${grouped(longestOf(lengths))})`
  );
}

/** Prompts that lose their end, where the instruction may be. */
export function ofCutPrompts(
  lengths: readonly number[],
  { maxQueryTokens: limit, promptTemplate }: PromptSettings,
): Note | undefined {
  const cut = lengths.filter((length) => length > limit).length;
  if (cut <= mostCut * lengths.length) return undefined;
  const [, ending = ''] = (templateText(promptTemplate) ?? '').split('{dialogue}');
  const last = ending.trim().split('\n').at(-1)!.trim();
  const lost = last === '' ? 'their end is lost' : `their end is lost, and "${last}" with it`;
  return {
    says: `${cutText(lengths, limit)}: ${lost}.`,
    remedy: `Use \`maxQueryTokens\` ${longestOf(lengths)}, or a smaller \`maximumLength\`.`,
  };
}

interface PromptSettings {
  readonly maxQueryTokens: number;
  readonly promptTemplate: string;
}

function longestOf(lengths: readonly number[]): number {
  return lengths.reduce((a, b) => Math.max(a, b), 0);
}

/** Texts of which the tokenizer does not know a good part. */
export function ofUnknownTokens(readings: Readonly<Record<string, Reading>>): Note | undefined {
  const many = Object.entries(readings).filter(
    ([, { tokens, unknown }]) => unknown > mostUnknown * tokens,
  );
  if (many.length === 0) return undefined;
  const parts = many.map(
    ([name, { texts, tokens, unknown }]) =>
      `${percent(unknown / tokens)} of the tokens of ${name} (${fixed(unknown / texts, 1)} of ` +
      `${fixed(tokens / texts, 1)} in each)`,
  );
  return {
    says: `Unknown to the tokenizer are ${list(parts)}: the model reads nothing where they stand.`,
    remedy: 'Use a model whose tokenizer knows this script: an mT5 or a ByT5, say.',
  };
}

/** A setting that takes tokens from the sampler alone, and the value that takes none. */
export interface Warper {
  readonly name: string;
  readonly value: number;
  readonly none: number;
}

/** Settings that change what is sampled and not what is scored. */
export function warpersOf({ topK, topP, minLength, minNewTokens }: GenerationConfig): Warper[] {
  return [
    { name: '`topK`', value: topK, none: 0 },
    { name: '`topP`', value: topP, none: 1 },
    // a length of 1 is the decoder start itself
    { name: '`minLength`', value: Math.max(0, minLength - 1) && minLength, none: 0 },
    { name: '`minNewTokens`', value: minNewTokens, none: 0 },
  ].filter(({ value, none }) => value !== none);
}

/** A sampler that does not draw from what is scored, or that draws nothing at all. */
export function ofSampler(generation: GenerationConfig): Note | undefined {
  if (!generation.sample) {
    return {
      says: 'Greedy decoding has one response to a prompt: nothing is tried, so nothing is learnt.',
      remedy: 'Use `sample`.',
    };
  }
  const active = warpersOf(generation);
  if (active.length === 0) return undefined;
  const verb = active.length > 1 ? 'take' : 'takes';
  const settings = list(active.map(({ name, value }) => `${name} ${value}`));
  return {
    says:
      `${settings} ${verb} tokens from the sampler and none from the logprobs that are learnt ` +
      'from: the KL can fall below 0.',
    remedy: `Sample from all of it: ${list(active.map(({ name, none }) => `${name} ${none}`))}.`,
  };
}

/** An answer, as far as its shape tells something. */
export type AnswerShape = Pick<Sample, 'response' | 'truncated' | 'sentinels'>;

const teach = 'Teach the policy to summarise first: `tactful sft` makes an adapter that does.';

/** What is wrong with answers that are no summaries: sentinels of the pre-training, nothing, or no end. */
export function ofAnswers(
  answers: readonly AnswerShape[],
): Readonly<Partial<Record<'sentinels' | 'empty' | 'truncated', Note>>> {
  const n = answers.length;
  const found = (most: number, isOne: (answer: AnswerShape) => boolean) => {
    const count = answers.filter(isOne).length;
    if (count <= most * n) return undefined;
    return `${grouped(count)} of ${counted(n, 'answer')} (${percent(count / n)})`;
  };
  const sentinels = found(mostSentinels, ({ sentinels: count = 0 }) => count > 0);
  const empty = found(mostBroken, ({ response }) => response.trim() === '');
  const torsos = found(mostBroken, ({ truncated }) => truncated);
  const filling = 'sentinels such as <extra_id_0>, with which T5 fills gaps';
  const longer = 'Use a larger `maxNewTokens`, or teach shorter ones first: `tactful sft`.';
  return {
    ...(sentinels && { sentinels: { says: `${sentinels} hold ${filling}.`, remedy: teach } }),
    ...(empty && { empty: { says: `${empty} are empty.`, remedy: teach } }),
    ...(torsos && {
      truncated: {
        says: `${torsos} hit the limit of their length: torsos are judged.`,
        remedy: longer,
      },
    }),
  };
}

/** What ROUGE is unable to read, in words. */
export const unreadable =
  "ROUGE cannot read this script: rouge_score's words are a-z and 0-9, and less than half of each summary is";

const otherMeasure =
  'Compare `samples-before.jsonl` and `samples-after.jsonl` by a measure that reads it.';

/** What ROUGE can read of summaries, a list a prompt. */
export function ofRouge(references: readonly (readonly string[])[]): Note[] {
  const given = references.filter((texts) => texts.some((text) => text.trim() !== ''));
  const read = given.filter((texts) => texts.some(canRead));
  const [all, some] = [references.length, given.length];
  const notes: Note[] = [];
  if (some < all) {
    const who = some === 0 ? 'No prompts' : `${grouped(some)} of ${counted(all, 'prompt')}`;
    const rest = some === 0 ? 'is not measured' : 'is measured there alone';
    const says = `${who} to be measured ${some === 1 ? 'has' : 'have'} a summary to compare with: ROUGE ${rest}.`;
    notes.push({ says, remedy: 'Name their column, if there is one: `summaryColumn`.' });
  }
  if (some > 0 && read.length === 0)
    notes.push({ says: `${unreadable}. It is not measured.`, remedy: otherMeasure });
  else if (read.length < some) {
    const unread = `${grouped(some - read.length)} of ${counted(some, 'prompt')}`;
    const rest = `It is the mean of the other ${grouped(read.length)}.`;
    notes.push({ says: `${unreadable}, of ${unread}. ${rest}`, remedy: otherMeasure });
  }
  const texts = read.flatMap((one) => one.filter(canRead));
  const share = texts.reduce((sum, text) => sum + readShare(text), 0) / Math.max(1, texts.length);
  if (texts.length > 0 && share < 1 - mostUnread) {
    const words = "rouge_score's words are a-z and 0-9, and other letters cut words into pieces";
    const says = `ROUGE reads ${percent(share)} of the letters of the summaries: ${words}.`;
    notes.push({ says, remedy: 'Compare it before and after, and not with that of other data.' });
  }
  return notes;
}

const nothingLearnt = 'there was nothing to learn from';

/** What the steps of a training tell: groups and batches without signal, a KL below 0. */
export function ofTraining(steps: readonly StepMetrics[]): Note[] {
  const valuesOf = (name: string) => steps.flatMap(({ [name]: value }) => value ?? []);
  const notes: Note[] = [];
  const dead = mean(valuesOf('env/group_zero_std'));
  if (dead > mostDead) {
    const says = `${percent(dead)} of the groups of answers to one prompt earned the same: ${nothingLearnt}.`;
    notes.push({ says, remedy: mixed });
  }
  const flat = valuesOf('env/reward_std').filter((std) => std < 1e-6).length;
  if (flat > mostFlat * steps.length) {
    const says = `All answers of a step earned the same in ${flat} of ${counted(steps.length, 'step')}: ${nothingLearnt}.`;
    notes.push({ says, remedy: tellingApart });
  }
  const kl = mean(valuesOf('objective/kl'));
  if (kl < leastKl) {
    const says = `The KL was ${fixed(kl, 3)} on average, and a true one is never below 0.`;
    const remedy =
      'It is an estimate that holds for what is sampled as it is scored: `topK` 0, `topP` 1.';
    notes.push({ says, remedy });
  }
  return notes;
}

/** What helps where answers to one prompt earn the same. */
export const mixed =
  'Use prompts of mixed outcome, more `numGenerations`, or a higher `temperature`.';
/** What helps where all answers do. */
export const tellingApart =
  'Use a reward that tells answers apart: see `scoreOn` and `rewardLabel`.';
