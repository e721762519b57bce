import { describe, expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import { tellingPairs, tellingRollouts } from '../../src/eval/guarded-samples.ts';
import {
  type GuardSeries,
  type guardRules,
  ofHeldOut,
  ofRollouts,
  withStep,
} from '../../src/eval/guards.ts';
import { randomStream } from '../../src/random.ts';

const settings = { adapKlCtrl: false, target: 6, batchSize: 8 };
const usual = {
  'objective/kl_per_token': 0.05,
  'guard/distinct2': 0.64,
  'guard/duplicate_share': 0,
  'env/truncated': 0,
  'guard/empty_share': 0,
  'tokens/responses_len_mean': 23,
};
type Metrics = Readonly<Record<string, number>>;

/** What the guards see after these steps. */
function shown(steps: readonly Metrics[], own = settings) {
  const none: GuardSeries = { first: [], last: [] };
  const series = steps.reduce<GuardSeries>((so, one) => withStep(so, { ...usual, ...one }), none);
  return ofRollouts(series, own);
}
const times = (n: number, metrics: Metrics = {}) => Array<Metrics>(n).fill(metrics);

describe('the answers that a training learns from', () => {
  test('show nothing while they are as they were', () => {
    for (const n of [0, 1, 4, 5, 6, 60]) expect(shown(times(n))).toEqual([]);
  });

  test.each<[keyof typeof guardRules, Metrics]>([
    ['distinct2', { 'guard/distinct2': 0.4 }],
    ['duplicates', { 'guard/duplicate_share': 0.25 }],
    ['truncated', { 'env/truncated': 0.3 }],
    ['empty', { 'guard/empty_share': 0.125 }],
    ['tokens', { 'tokens/responses_len_mean': 12 }],
    ['tokens', { 'tokens/responses_len_mean': 40 }],
    ['kl', { 'objective/kl_per_token': 0.6 }],
  ])('set %s off when three of five steps show it: %j', (guard, bad) => {
    expect(shown([...times(8), ...times(2, bad)])).toEqual([]);
    expect(shown([...times(8), bad, {}, bad, {}, bad]).map((seen) => seen.guard)).toEqual([guard]);
  });

  test('do not while one or two noisy batches of five are as bad as can be', () => {
    const worst = { 'guard/duplicate_share': 1, 'guard/empty_share': 1, 'guard/distinct2': 0 };
    const noisy = Array.from({ length: 50 }, (_, i) => (i % 5 < 2 ? worst : {}));
    for (let n = 6; n <= noisy.length; n++)
      expect(shown([...times(5), ...noisy.slice(0, n)])).toEqual([]);
  });

  test('are measured against the first five steps, whatever these were', () => {
    const short = { 'env/truncated': 0.5, 'guard/distinct2': 0.3 };
    expect(shown(times(20, short))).toEqual([]);
    const [{ numbers }] = shown([
      ...times(10, short),
      ...times(5, { ...short, 'env/truncated': 1 }),
    ]);
    expect(numbers).toEqual({ before: 0.5, now: 1, limit: 0.25, relative: false, n: 40 });
  });

  test('have a ceiling of the KL: 10 nats, half a nat a token, twice the target', () => {
    const kl = (perToken: number, length: number) => [
      ...times(6, { 'tokens/responses_len_mean': length }),
      ...times(5, { 'objective/kl_per_token': perToken, 'tokens/responses_len_mean': length }),
    ];
    expect(shown(kl(0.9, 11))).toEqual([]); // 9 nats
    expect(shown(kl(1.1, 11))[0].numbers).toMatchObject({ before: 0, now: 11, limit: 10 });
    expect(shown(kl(0.45, 101))).toEqual([]); // 45 nats of 50
    expect(shown(kl(0.55, 101))).toHaveLength(1);
    expect(shown(kl(1.1, 11), { ...settings, adapKlCtrl: true, target: 6 })).toEqual([]);
  });

  test('leave out what a reward does not tell', () => {
    const series = Array.from({ length: 12 }, () => ({ 'env/truncated': 0 })).reduce<GuardSeries>(
      (so, one) => withStep(so, one),
      { first: [], last: [] },
    );
    expect(ofRollouts(series, settings)).toEqual([]);
  });
});

const random = randomStream(1, ['guards']);
const normal = () =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

function samples(n: number, own: (i: number) => Partial<Sample> = () => ({})): Sample[] {
  return Array.from({ length: n }, (_, i) => ({
    id: `${i}`,
    query: `q ${i}`,
    response: `word${i} other${i} third${i} fourth${i}`,
    toxicity: 0.3,
    reward: 1,
    rouge1: 0.7,
    tokens: 20,
    truncated: false,
    ...own(i),
  }));
}
const seenIn = (before: Sample[], now: Sample[]) =>
  ofHeldOut(before, now).map(({ guard }) => guard);
const judged = (value: number) => ({ judges: { words: value } });

describe('held-out answers', () => {
  test('show nothing when they are the same', () => {
    expect(ofHeldOut(samples(64), samples(64))).toEqual([]);
    expect(ofHeldOut(samples(64), samples(64), 'unwell')).toEqual([]);
  });

  test('set rouge1 off when it fell by more than a twentieth, provably', () => {
    const fell = (by: number) => samples(64, (i) => ({ rouge1: 0.7 - by + (i % 2 ? 0.1 : -0.1) }));
    expect(seenIn(samples(64), fell(0.15))).toEqual(['rouge1']);
    expect(seenIn(samples(64), fell(0.06))).toEqual([]);
    const [{ numbers }] = ofHeldOut(samples(64), fell(0.15));
    expect(numbers).toMatchObject({ limit: 0.05, relative: true, n: 64 });
    expect(numbers.now - numbers.before).toBeCloseTo(-0.15);
    // 3 + 30 / 252 standard errors of 0.1 · sqrt(64 / 63) / 8
    expect(numbers.sure).toBeCloseTo(-0.15 + ((3 + 30 / 252) * 0.1 * Math.sqrt(64 / 63)) / 8);
  });

  test('say that a training is not well, worth going back to, before they set anything off', () => {
    const fell = samples(64, (i) => ({ rouge1: 0.64 + (i % 2 ? 0.1 : -0.1) }));
    expect(ofHeldOut(samples(64), fell)).toEqual([]);
    expect(ofHeldOut(samples(64), fell, 'unwell').map(({ guard }) => guard)).toEqual(['rouge1']);
  });

  test('of noise alone set nothing off: 400 looks at 32 prompts', () => {
    const noisy = () =>
      samples(32, () => ({
        rouge1: 0.7 + 0.2 * normal(),
        reward: 1 + normal(),
        toxicity: 0.3 + 0.2 * normal(),
        tokens: 20 + 5 * normal(),
        truncated: random.next() < 0.1,
      }));
    const looks = Array.from({ length: 400 }, () => seenIn(noisy(), noisy()));
    expect(looks.filter((guards) => guards.length > 0).length).toBeLessThan(2);
  });

  test.each<[string, (i: number) => Partial<Sample>]>([
    ['duplicates', (i) => ({ response: i % 3 ? `word${i} a${i} b${i}` : 'be kind to all' })],
    ['truncated', (i) => ({ truncated: i % 4 < 3 })],
    ['empty', (i) => ({ response: i % 2 ? '' : `word${i} a${i} b${i}` })],
    ['tokens', (i) => ({ tokens: 6 + (i % 3) })],
    ['tokens', (i) => ({ tokens: 60 + (i % 3) })],
  ])('set %s off', (guard, own) => {
    expect(seenIn(samples(64), samples(64, own))).toContain(guard);
  });

  test('prove nothing below eight prompts', () => {
    expect(
      ofHeldOut(
        samples(7),
        samples(7, () => ({ rouge1: 0 })),
      ),
    ).toEqual([]);
    expect(
      seenIn(
        samples(8),
        samples(8, () => ({ rouge1: 0 })),
      ),
    ).toEqual(['rouge1']);
  });

  test('need no reference: ROUGE is looked at where it is', () => {
    const bare = () => samples(64).map(({ rouge1: _, ...sample }) => sample);
    expect(ofHeldOut(bare(), bare())).toEqual([]);
  });
});

describe('reward and judges part ways', () => {
  const before = samples(64, () => judged(0.3));
  const now = (own: Partial<Sample>, judge: number) =>
    samples(64, (i) => ({ reward: 2, ...own, ...judged(judge + (i % 2 ? 0.05 : -0.05)) }));

  test('when the reward rose and a judge finds more than before', () => {
    const [seen] = ofHeldOut(before, now({ toxicity: 0.05 }, 0.4));
    expect(seen).toMatchObject({ guard: 'judge', judge: 'words', reads: 'held-out' });
    expect(seenIn(before, now({ toxicity: 0.4 }, 0.3))).toEqual(['judge']);
  });

  test('when the toxicity fell and a judge that saw it does not follow', () => {
    expect(seenIn(before, now({ toxicity: 0.05 }, 0.3))).toEqual(['judge']);
    expect(seenIn(before, now({ toxicity: 0.05 }, 0.1))).toEqual([]);
  });

  test('not when the judge found nothing to begin with, nor while the reward has not risen', () => {
    const silent = samples(64, () => judged(0.02));
    expect(seenIn(silent, now({ toxicity: 0.05 }, 0.02))).toEqual([]);
    expect(seenIn(before, now({ reward: 1, toxicity: 0.05 }, 0.4))).toEqual([]);
  });
});

describe('the answers that are told', () => {
  test('are those that show most, worst first', () => {
    const before = samples(10);
    const now = samples(10, (i) => ({ rouge1: 0.7 - i / 20 }));
    const [seen] = ofHeldOut(before, now);
    expect(tellingPairs(seen, before, now).map(({ query }) => query)).toEqual([
      'q 9',
      'q 8',
      'q 7',
    ]);
    expect(tellingPairs(seen, before, now)[0].before).toBe(before[9].response);
  });

  test('of a KL those with most of it, of a fall in length the shortest', () => {
    const answers = samples(6, (i) => ({ tokens: 10 + i })).map((answer, i) => ({
      ...answer,
      kl: i,
    }));
    const numbers = { before: 20, now: 10, limit: 0, relative: false, n: 6 };
    const first = (guard: 'kl' | 'tokens') =>
      tellingRollouts({ guard, reads: 'rollouts', numbers }, answers)[0].query;
    expect([first('kl'), first('tokens')]).toEqual(['q 5', 'q 0']);
  });
});
