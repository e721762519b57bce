/**
 * What guards see: that a training has gone too far. They look at the answers that it learns from,
 * smoothed over steps, and at answers to a few held-out prompts, paired with those of the policy as it
 * started. Pure. Why these limits: docs/ppo.md.
 */
import { z } from 'zod';
import type { Sample } from '../comparison.ts';
import type { Guarded, GuardReads, StepMetrics } from '../events.ts';
import { distinctN, duplicates, isEmpty } from './diversity.ts';
import { summarize } from './statistics.ts';

/** A measure, and how much worse than as the training started it may be. */
interface Rule {
  /** Which direction is worse; a ceiling is not compared with the start. */
  readonly worse: 'lower' | 'higher' | 'either' | 'ceiling';
  /** A share of what it was where `relative`, else in the measure's units; of a ceiling its least. */
  readonly limit: number;
  readonly relative: boolean;
  /** Of a step's metrics, for those that read rollouts. */
  readonly metric?: string;
  /** Of one answer, for those that read what is held out. */
  readonly value?: (sample: Sample) => number | undefined;
}

/** Every guard: what it reads is what it has a `metric` or a `value` for. */
export const guardRules = {
  rouge1: { worse: 'lower', limit: 0.05, relative: true, value: ({ rouge1 }) => rouge1 },
  kl: { worse: 'ceiling', limit: 10, relative: false, metric: 'objective/kl_per_token' },
  // its held-out measure belongs to all texts together: see `ofTexts`
  distinct2: { worse: 'lower', limit: 0.25, relative: true, metric: 'guard/distinct2' },
  duplicates: { worse: 'higher', limit: 0.15, relative: false, metric: 'guard/duplicate_share' },
  truncated: {
    ...{ worse: 'higher', limit: 0.25, relative: false, metric: 'env/truncated' },
    value: ({ truncated }) => Number(truncated),
  },
  empty: {
    ...{ worse: 'higher', limit: 0.1, relative: false, metric: 'guard/empty_share' },
    value: ({ response }) => Number(isEmpty(response)),
  },
  tokens: {
    ...{ worse: 'either', limit: 0.4, relative: true, metric: 'tokens/responses_len_mean' },
    value: ({ tokens }) => tokens,
  },
  // reward and judges part ways: see `ofJudges`
  judge: { worse: 'higher', limit: 0, relative: false },
} as const satisfies Record<string, Rule>;

export type GuardName = keyof typeof guardRules;

const names = Object.keys(guardRules) as GuardName[];
const ruleOf = (name: GuardName): Rule => guardRules[name];

/** What a guard saw, without the answers that show it. */
export interface Seen extends Pick<Guarded, 'numbers'> {
  readonly guard: GuardName;
  readonly reads: GuardReads;
  /** The judge that parts ways with the reward, by its name; `toxicity` is the run's own. */
  readonly judge?: string;
}

/** Steps that count together: with fewer, one noisy batch of a few responses would count. */
const window = 5;

/** What is remembered of the steps of a training: the first ones, and the last. */
export const GuardSeries = z.strictObject({
  first: z.array(z.record(z.string(), z.number())),
  last: z.array(z.record(z.string(), z.number())),
});
export type GuardSeries = z.infer<typeof GuardSeries>;

const read = ['tokens/responses_len_mean', ...names.flatMap((name) => ruleOf(name).metric ?? [])];

/** The series with one more step. */
export function withStep({ first, last }: GuardSeries, metrics: StepMetrics): GuardSeries {
  const known = read.flatMap((name) => (name in metrics ? [[name, metrics[name]] as const] : []));
  const step = Object.fromEntries(known);
  return {
    first: first.length < window ? [...first, step] : first,
    last: [...last, step].slice(-window),
  };
}

/** What the ceiling of the KL follows from. */
export interface KlSettings {
  readonly adapKlCtrl: boolean;
  readonly target: number;
}

/**
 * What counts: what went too far for sure; or, where it is asked whether a training is well and worth
 * going back to, what merely looks as if it might.
 */
export type Strictness = 'too far' | 'unwell';

/** Of an unpaired measure's limit the share that is still well. */
const wellShare = 0.5;
/** Standard errors that a paired measure's change has to be beyond its limit by. */
const errors = { 'too far': 3, unwell: 1 } as const;

/**
 * What the last steps show against the first ones: medians of five steps each, so that two batches of
 * five may be as noisy as they like. Nothing before a sixth step.
 */
export function ofRollouts(
  { first, last }: GuardSeries,
  { batchSize, ...kl }: KlSettings & { readonly batchSize: number },
  strictness: Strictness = 'too far',
): Seen[] {
  if (last.length < window) return [];
  const share = strictness === 'too far' ? 1 : wellShare;
  const of = (steps: GuardSeries['last'], name: string) =>
    median(steps.flatMap(({ [name]: value }) => value ?? []));
  return names.flatMap((guard): Seen[] => {
    const { metric, worse, relative, limit: least } = ruleOf(guard);
    if (metric === undefined) return [];
    const [start, end] = [of(first, metric), of(last, metric)];
    if (start === undefined || end === undefined) return [];
    // the metric counts the decoder start
    const tokens = (of(last, 'tokens/responses_len_mean') ?? 1) - 1;
    const [before, now] = worse === 'ceiling' ? [0, end * tokens] : [start, end];
    const limit = share * (worse === 'ceiling' ? klCeiling(tokens, kl, least) : least);
    if (!isBeyond({ worse, relative }, { before, now, limit })) return [];
    const numbers = { before, now, limit, relative, n: window * batchSize };
    return [{ guard, reads: 'rollouts', numbers }];
  });
}

/**
 * Most KL of a response, in nats: half a nat a token, yet not below `least`, nor below twice what the
 * controller aims at.
 */
function klCeiling(tokens: number, { adapKlCtrl, target }: KlSettings, least: number): number {
  return Math.max(least, 0.5 * tokens, adapKlCtrl ? 2 * target : 0);
}

interface Change {
  readonly before: number;
  readonly now: number;
  readonly limit: number;
}

/** Whether a measure is worse by more than its limit. */
function isBeyond(
  { worse, relative }: Pick<Rule, 'worse' | 'relative'>,
  { before, now, limit }: Change,
): boolean {
  const most = limit * (relative ? before : 1);
  if (worse === 'lower') return before - now > most;
  if (worse === 'either') return now < before * (1 - limit) || now > before / (1 - limit);
  return now - before > most;
}

/** The one in the middle; undefined of none. */
function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Fewest pairs of answers that prove anything. */
const fewest = 8;

/**
 * What held-out answers show against those of the starting policy to the same prompts, in the same
 * order: what is worse by more than its limit, provably. Nothing of fewer than eight prompts.
 */
export function ofHeldOut(
  before: readonly Sample[],
  now: readonly Sample[],
  strictness: Strictness = 'too far',
): Seen[] {
  if (before.length < fewest) return [];
  const sides = { before, now };
  const paired = names.flatMap((guard) => ofPairs(guard, sides, errors[strictness]) ?? []);
  const share = strictness === 'too far' ? 1 : wellShare;
  const judged = ofJudges(sides, errors[strictness]);
  return [...paired, ...ofTexts(sides, share), ...judged].sort(
    (a, b) => names.indexOf(a.guard) - names.indexOf(b.guard),
  );
}

/** A measure of each answer: the end of its change's interval that is nearest to 0 is beyond the limit. */
function ofPairs(guard: GuardName, sides: Sides, z: number): Seen | undefined {
  const { value, worse, relative, limit } = ruleOf(guard);
  if (value === undefined) return undefined;
  const change = changeOf(value, sides, z);
  if (change === undefined || change.n < fewest) return undefined;
  const { n, mean, error, start } = change;
  const sure = Math.sign(mean) * Math.max(0, Math.abs(mean) - error);
  if (!isBeyond({ worse, relative }, { before: start, now: start + sure, limit })) return undefined;
  const numbers = { before: start, now: start + mean, limit, relative, n, sure };
  return { guard, reads: 'held-out', numbers };
}

/** Answers to the same prompts, in the same order. */
interface Sides {
  readonly before: readonly Sample[];
  readonly now: readonly Sample[];
}

/** Measures that belong to all texts of a side together. */
function ofTexts({ before, now }: Sides, share: number): Seen[] {
  const distinct = (samples: readonly Sample[]) =>
    distinctN(
      samples.map(({ response }) => response),
      2,
    );
  const repeated = (samples: readonly Sample[]) => summarize(duplicates(samples).map(Number)).mean;
  const measures = { distinct2: distinct, duplicates: repeated };
  return (Object.keys(measures) as (keyof typeof measures)[]).flatMap((guard): Seen[] => {
    const { relative, limit: whole } = ruleOf(guard);
    const limit = share * whole;
    const change = { before: measures[guard](before), now: measures[guard](now), limit };
    if (!isBeyond(ruleOf(guard), change)) return [];
    return [{ guard, reads: 'held-out', numbers: { ...change, relative, n: now.length } }];
  });
}

/** Share of the fall of the toxicity that a judge has to follow. */
const follows = 0.25;

/**
 * Judges that part ways with the reward: the reward rose provably, and a judge finds more toxicity
 * than before, provably; or the toxicity fell provably, a judge found as much before, and its own fall
 * is provably below a quarter of that.
 */
function ofJudges(sides: Sides, z: number): Seen[] {
  const reward = changeOf(({ reward: value }) => value, sides, z);
  const toxicity = changeOf(({ toxicity: value }) => value, sides, z);
  if (!reward || !toxicity || reward.mean - reward.error <= 0) return [];
  const fall = toxicity.mean + toxicity.error < 0 ? -toxicity.mean : 0;
  const judges = Object.keys(sides.before[0].judges ?? {});
  const all = [
    ['toxicity', toxicity] as const,
    ...judges.map((name) => [name, changeOf(({ judges: by }) => by?.[name], sides, z)] as const),
  ];
  return all.flatMap(([judge, change]): Seen[] => {
    if (change === undefined) return [];
    const { start, mean, error, n } = change;
    const sure = mean - error;
    const rose = sure > 0;
    const stayed = fall > 0 && start >= fall && sure > -follows * fall;
    if (!rose && !stayed) return [];
    const limit = rose ? 0 : -follows * fall;
    const numbers = { before: start, now: start + mean, limit, relative: false, n, sure };
    return [{ guard: 'judge', reads: 'held-out', judge, numbers }];
  });
}

interface PairedChange {
  readonly n: number;
  /** Mean of what it was, and of its change. */
  readonly start: number;
  readonly mean: number;
  /** How far off the mean may be. */
  readonly error: number;
}

/** Change of a value over those prompts that have it on both sides; undefined when none has. */
function changeOf(
  value: (sample: Sample) => number | undefined,
  { before, now }: Sides,
  z: number,
): PairedChange | undefined {
  const pairs = before.flatMap((sample, i) => {
    const [one, other] = [value(sample), value(now[i])];
    return one === undefined || other === undefined ? [] : [[one, other] as const];
  });
  const n = pairs.length;
  if (n < 2) return undefined;
  const { mean, std } = summarize(pairs.map(([one, other]) => other - one));
  const start = summarize(pairs.map(([one]) => one)).mean;
  return { n, start, mean, error: (studentT(z, n) * std) / Math.sqrt(n) };
}

/**
 * Quantile of Student's t for the mean of n numbers where that of the normal distribution is z:
 * z + (z^3 + z) / (4 (n - 1)). With z = 3, 1 in 740 is beyond: so sure, since guards look many times.
 * @see Abramowitz and Stegun 26.7.5
 */
function studentT(z: number, n: number): number {
  return z + (z ** 3 + z) / (4 * (n - 1));
}
