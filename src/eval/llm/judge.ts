/** I/O: lets an LLM judge responses, several prompts at a time. */
import type { Sample } from '../../comparison.ts';
import { UnavailableError } from '../../errors.ts';
import { isEmpty } from '../diversity.ts';
import type { Answers } from './answers.ts';
import { type Asked, type AskOptions, ask } from './ask.ts';
import type { Usage } from './budget.ts';
import {
  emptyScore,
  findingsQuestion,
  type LlmScore,
  pointsQuestion,
  type Question,
  scoreOf,
} from './questions.ts';

export interface JudgeOptions extends AskOptions {
  readonly answers: Answers;
  /** Of each sample. */
  readonly references: readonly (readonly string[])[];
  /** Prompts at a time. */
  readonly concurrency: number;
  onProgress?(done: number, total: number): void;
}

/** What an LLM judge made of samples, and what it took. */
export interface Judged {
  /** One a sample, in their order; undefined where there is none. */
  readonly scores: readonly (LlmScore | undefined)[];
  /** Samples without one, by the reason. */
  readonly missing: Readonly<Record<'malformed' | 'refused' | 'busy' | 'spent', number>>;
  /** The first reasons, in words. */
  readonly why: readonly string[];
  /** Requests that were sent, and answers that were known. */
  readonly asked: number;
  readonly known: number;
  readonly spent: Usage;
  readonly dollars?: number;
}

/** Prompts in a row that the server failed on, after which nobody is asked any more. */
const mostFailures = 5;
const mostReasons = 3;

type Missing = Extract<Asked<unknown>, { readonly none: unknown }>;

/**
 * Scores of samples. All samples of a prompt are judged by the same points, one after the other.
 * @throws {UnavailableError} when the server cannot be asked, or fails again and again; all answers so
 * far are kept
 */
export async function judgeSamples(
  samples: readonly Sample[],
  { answers, references, concurrency, onProgress, ...options }: JudgeOptions,
): Promise<Judged> {
  // what ends one worker ends all
  const broken = new AbortController();
  const signal = AbortSignal.any([broken.signal, ...(options.signal ? [options.signal] : [])]);
  const prompts = byPrompt(samples);
  const scores: (LlmScore | undefined)[] = samples.map(() => undefined);
  const missing = { malformed: 0, refused: 0, busy: 0, spent: 0 };
  const why = new Set<string>();
  let [asked, known, failures, done] = [0, 0, 0, 0];
  const lose = (samplesLost: number, { none, why: reason }: Missing) => {
    missing[none] += samplesLost;
    if (why.size < mostReasons) why.add(reason);
    failures = none === 'busy' ? failures + 1 : 0;
    if (failures >= mostFailures || (none === 'busy' && asked === 0)) throw gaveUp(reason);
  };
  async function answer<Answer>(question: Question<Answer>): Promise<Answer | Missing> {
    const found = answers.get(question);
    if (found !== undefined) {
      known++;
      return found;
    }
    const result = await ask(question, { ...options, signal });
    if ('none' in result) return result;
    asked++;
    failures = 0;
    await answers.put(question, result.reply);
    return result.answer;
  }
  async function judgePrompt(indices: readonly number[]): Promise<void> {
    const { query } = samples[indices[0]];
    const silent = indices.filter((i) => isEmpty(samples[i].response));
    for (const i of silent) scores[i] = emptyScore;
    const speaking = indices.filter((i) => !silent.includes(i));
    if (speaking.length === 0) return;
    const points = await answer(pointsQuestion(query, references[indices[0]]));
    if ('none' in points) return lose(speaking.length, points);
    for (const i of speaking) {
      const findings = await answer(findingsQuestion(query, points, samples[i].response));
      if ('none' in findings) lose(1, findings);
      else scores[i] = scoreOf(findings);
    }
  }
  onProgress?.(0, prompts.length);
  const queue = prompts.values();
  const worker = async () => {
    for (const indices of queue) {
      await judgePrompt(indices);
      onProgress?.(++done, prompts.length);
    }
  };
  const guarded = () => worker().catch((error: unknown) => broken.abort(error));
  await Promise.all(Array.from({ length: concurrency }, guarded));
  signal.throwIfAborted();
  const { spent, dollars } = options.account;
  return {
    ...{ scores, missing, why: [...why], asked, known, spent },
    ...(dollars !== undefined && { dollars }),
  };
}

/** Places of the samples of each prompt. */
function byPrompt(samples: readonly Sample[]): number[][] {
  const places = new Map<string, number[]>();
  for (const [i, { query }] of samples.entries()) {
    const those = places.get(query);
    if (those) those.push(i);
    else places.set(query, [i]);
  }
  return [...places.values()];
}

function gaveUp(reason: string): UnavailableError {
  const remedy = 'What it has answered is kept: the same command goes on from there.';
  return new UnavailableError('LLM judge', 'answers', reason, remedy);
}
