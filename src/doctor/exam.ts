import { InputError } from '../errors.ts';
import type { Prompt } from '../eval/evaluate.ts';
import { detoxReward } from '../jobs/detox/reward.ts';
import type { GradientResult } from '../model/policy.ts';
import type { Draw } from '../random.ts';
import { forward, type Passes, sampleOf } from '../rl/forward.ts';
import type { Judgement } from '../rl/judge.ts';
import { scoreRollouts } from '../rl/reward.ts';
import { collectRollouts, type Rollout } from '../rl/rollout.ts';
import type { RlSample } from '../rl/sample.ts';
import type { Intake } from './intake.ts';
import { gradientOf, type Lesson, lessonOf } from './lesson.ts';

/** Answers to each prompt: 64 responses in all. */
export const answerCount = 4;

/** The run with sampled responses: what the checks look at. */
export interface Exam extends Intake {
  /** `answerCount` to each prompt, neighbours. */
  readonly rollouts: readonly Rollout<Prompt>[];
  /** As the trainer would score them, in the order of the rollouts. */
  readonly samples: readonly (RlSample | undefined)[];
  /** What the reward says of the rollouts. */
  readonly scores: readonly number[];
  /** What the classifier says of the rollouts' responses. */
  readonly judgements: readonly Judgement[];
  /** One sample a prompt, as far as there are any that can be scored. */
  readonly few: readonly RlSample[];
  /** What policy and reference say of `few`. */
  passes(): Promise<Passes>;
  /** A minibatch of made-up advantages, and its loss and gradient. */
  lesson(): Promise<{ lesson: Lesson; result: GradientResult }>;
}

/** How many responses are there, of how many. */
export interface Sampling {
  readonly done: number;
  readonly total: number;
}

/** Samples responses and lets them be judged, four prompts at a time. */
export async function* examine(
  patient: Intake,
  signal?: AbortSignal,
): AsyncGenerator<Sampling, Exam> {
  const { config, judge, own, policy, tokenizer, prompts, rl } = patient;
  const queries = prompts.flatMap((prompt) => Array<Prompt>(answerCount).fill(prompt));
  const reward = detoxReward({ judge, own, policy, tokenizer }, config);
  const { draws } = patient.learner;
  const limits =
    rl.responseLimits && queries.map((_, row) => draws.limit(0, row, rl.responseLimits!));
  const rollouts: Rollout<Prompt>[] = [];
  const scores: number[] = [];
  const judgements: Judgement[] = [];
  const chunk = 4 * answerCount;
  for (let start = 0; start < queries.length; start += chunk) {
    yield { done: start, total: queries.length };
    const draw = drawer(rl.seed, start, chunk);
    const maxNewTokens = limits?.slice(start, start + chunk);
    const options = { generation: rl.generation, draw, maxNewTokens, signal };
    const part = await collectRollouts(patient, queries.slice(start, start + chunk), options);
    rollouts.push(...part);
    scores.push(...(await scoreRollouts(reward, part, signal)).scores);
    const pairs = part.map(({ query, text }) => ({ query: query.text, response: text }));
    judgements.push(...(await judge.judge(pairs)));
  }
  const samples = rollouts.map((rollout) => scorable(rollout, patient));
  if (samples.every((sample) => sample === undefined)) {
    const expected = 'one that leaves something to learn from';
    const remedy = 'Ask for longer ones: `maxNewTokens`.';
    throw new InputError('responses', expected, `none of ${samples.length}`, remedy);
  }
  return { ...patient, rollouts, scores, judgements, samples, ...shared(patient, samples) };
}

/** Numbers of the rollouts, prompt by prompt. */
export function byPrompt(numbers: readonly number[]): number[][] {
  const starts = Array.from({ length: numbers.length / answerCount }, (_, i) => i * answerCount);
  return starts.map((start) => numbers.slice(start, start + answerCount));
}

/** Random numbers of so many responses from row `start` on. */
export function drawer(seed: number, start: number, count: number): Draw {
  return { seed, key: ['doctor'], rows: Array.from({ length: count }, (_, i) => start + i) };
}

/** The sample that the trainer would make of a rollout; none where it would refuse it. */
function scorable(rollout: Rollout, { policy, learner, rl }: Intake): RlSample | undefined {
  try {
    return sampleOf(rollout, policy, learner.places, rl);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** What several checks need, computed once. */
function shared(patient: Intake, samples: readonly (RlSample | undefined)[]) {
  const { policy, reference, temperature, rl } = patient;
  const few = patient.prompts.flatMap((_, i) => {
    const answers = samples.slice(i * answerCount, (i + 1) * answerCount);
    return answers.filter((sample) => sample !== undefined).slice(0, 1);
  });
  const options = { policy, reference, temperature, config: rl };
  return {
    few,
    passes: once(() => forward(few, options)),
    lesson: once(async () => {
      const lesson = await lessonOf(patient, few.slice(0, 4));
      return { lesson, result: await gradientOf(patient, lesson) };
    }),
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
