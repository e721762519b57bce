import { describe, expect, test } from 'vitest';
import { type Reward, scoreRollouts, weightedRewards } from '../../src/rl/reward.ts';
import type { Rollout } from '../../src/rl/rollout.ts';

/** Rollouts of these texts. */
const rolloutsOf = (texts: readonly string[]): Rollout[] =>
  texts.map((text, i) => ({
    query: { id: `${i}`, text: `query ${i}`, ids: [] },
    response: [],
    truncated: false,
    text,
  }));
const rollouts = rolloutsOf(['one', 'two words', 'three of them']);
const length: Reward = async (all) => all.map(({ text }) => text.length);
const words: Reward = async (all) => all.map(({ text }) => text.split(' ').length);
/** What a reward in plain JavaScript may answer. */
const answering =
  (answer: unknown): Reward =>
  async () =>
    answer as number[];
/** Settles when the signal aborts, as `fetch` does. */
const untilAborted: Reward = (_, signal) =>
  new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
  });

describe('the answer of a reward', () => {
  test('may be numbers alone', async () => {
    expect(await scoreRollouts(length, rollouts)).toEqual({ scores: [3, 9, 13], metrics: {} });
  });

  test('may have metrics', async () => {
    const answer = { scores: [1, 2, 3], metrics: { 'env/dial': 11 } };
    expect(await scoreRollouts(answering(answer), rollouts)).toEqual(answer);
  });

  test('may have parts, which are checked as scores are', async () => {
    const answer = { scores: [1, 2, 3], parts: { kindness: [1, 0, 1] } };
    expect(await scoreRollouts(answering(answer), rollouts)).toEqual({ ...answer, metrics: {} });
    const ask = (parts: object) => scoreRollouts(answering({ ...answer, parts }), rollouts);
    await expect(ask({ kindness: [1] })).rejects.toThrow(
      'reward, part "kindness": expected 3 scores, got 1 score.',
    );
    await expect(ask({ kindness: 'much' })).rejects.toThrow('expected an array of numbers');
    await expect(ask({ kindness: [1, 2, Number.NaN] })).rejects.toThrow('part "kindness"');
  });

  test('may read whatever else a query holds', async () => {
    const asked = rollouts.map((rollout, i) => ({
      ...rollout,
      query: { ...rollout.query, answer: `${i === 0 ? 'one' : ''}` },
    }));
    const exact: Reward<(typeof asked)[0]['query']> = async (all) =>
      all.map(({ query, text }) => Number(text === query.answer));
    expect((await scoreRollouts(exact, asked)).scores).toEqual([1, 0, 0]);
  });

  test('comes with the signal', async () => {
    const { signal } = new AbortController();
    const seen: unknown[] = [];
    const reward: Reward = async (all, given) => {
      seen.push(given);
      return all.map(() => 0);
    };
    await scoreRollouts(reward, rollouts, signal);
    expect(seen).toEqual([signal]);
  });

  test('is an error when it has another number of scores, with both numbers', async () => {
    await expect(scoreRollouts(answering([1]), rollouts)).rejects.toMatchObject({
      name: 'ConfigError',
      message:
        'reward: expected 3 scores, got 1 score. Return one number for each rollout, in their order.',
    });
    await expect(scoreRollouts(answering([]), rollouts)).rejects.toThrow('got 0 scores.');
  });

  test.each([
    [undefined, 'Undefined'],
    [new Float32Array(3), 'Float32Array'],
    [{ score: [1, 2, 3] }, 'Object'],
    [1, 'Number'],
  ])('is an error when it is no list of numbers: %j', async (answer, kind) => {
    await expect(scoreRollouts(answering(answer), rollouts)).rejects.toThrow(
      `reward: expected an array of numbers, or { scores, metrics }, got ${kind}. Return one number for each rollout.`,
    );
  });

  test.each([Number.NaN, Infinity, null])(
    'is an error when a score is %s, naming reward, sample and text',
    async (score) => {
      const broken: Reward = async () => [1, score as number, 3];
      await expect(scoreRollouts(broken, rollouts)).rejects.toMatchObject({
        name: 'NumericError',
        message: `reward "broken", sample 1, "two words": expected a finite score, got ${score}. Give a low score to what cannot be judged.`,
        details: { tensor: 'scores', sample: 1, query: [], response: [], text: 'two words' },
      });
    },
  );

  test('is an error that shows no more than 60 characters of a long text', async () => {
    const [long] = rolloutsOf(['😀'.repeat(61)]);
    const call = scoreRollouts(answering([Number.NaN]), [long]);
    await expect(call).rejects.toThrow(`sample 0, "${'😀'.repeat(60)}…": expected`);
  });

  test('is an error when a metric is not finite, naming it', async () => {
    const answer = { scores: [1, 2, 3], metrics: { 'env/dial': Number.NaN } };
    await expect(scoreRollouts(answering(answer), rollouts)).rejects.toMatchObject({
      name: 'NumericError',
      message:
        'reward, metric "env/dial": expected a finite number, got NaN. Leave it out where there is nothing to tell.',
    });
  });

  test('is what it throws, when it throws', async () => {
    const fault = new Error('the reward model is on holiday');
    const call = scoreRollouts(() => Promise.reject(fault), rollouts);
    await expect(call).rejects.toBe(fault);
  });
});

describe('several rewards with weights', () => {
  test('are the sum of weight · score', async () => {
    const reward = weightedRewards({
      length: { reward: length, weight: 0.5 },
      words: { reward: words, weight: -2 },
    });
    const { scores, metrics } = await scoreRollouts(reward, rollouts);
    expect(scores).toEqual([1.5 - 2, 4.5 - 4, 6.5 - 6]);
    expect(metrics).toEqual({ 'env/reward/length': 25 / 3, 'env/reward/words': 2 });
  });

  test('read the same, whatever one of them does with its list', async () => {
    const sorting: Reward = async (all) => {
      (all as Rollout[]).sort((a, b) => b.text.length - a.text.length).length = 1;
      return [0, 0, 0];
    };
    const reward = weightedRewards({
      sorting: { reward: sorting, weight: 1 },
      length: { reward: length, weight: 1 },
    });
    expect((await scoreRollouts(reward, rollouts)).scores).toEqual([3, 9, 13]);
  });

  test('with weight 0 only watch', async () => {
    const reward = weightedRewards({
      length: { reward: length, weight: 1 },
      words: { reward: words, weight: 0 },
    });
    const { scores, metrics } = await scoreRollouts(reward, rollouts);
    expect(scores).toEqual([3, 9, 13]);
    expect(metrics['env/reward/words']).toBe(2);
  });

  test('pass on the metrics of the parts; one that several give is told for each', async () => {
    const part = (metrics: Record<string, number>) =>
      ({ reward: async (all) => ({ scores: all.map(() => 1), metrics }), weight: 1 }) satisfies {
        reward: Reward;
        weight: number;
      };
    const reward = weightedRewards({
      a: part({ 'env/share': 0.25, 'env/mine': 1 }),
      b: part({ 'env/share': 0.75 }),
    });
    expect((await scoreRollouts(reward, rollouts)).metrics).toEqual({
      'env/share/a': 0.25,
      'env/share/b': 0.75,
      'env/mine': 1,
      'env/reward/a': 1,
      'env/reward/b': 1,
    });
  });

  test('may hold weighted rewards', async () => {
    const inner = weightedRewards({ length: { reward: length, weight: 2 } });
    const reward = weightedRewards({ inner: { reward: inner, weight: 3 } });
    const { scores, metrics, parts } = await scoreRollouts(reward, rollouts);
    expect(parts).toEqual({ inner: [6, 18, 26], 'inner/length': [3, 9, 13] });
    expect(scores).toEqual([18, 54, 78]);
    expect(metrics).toEqual({ 'env/reward/length': 25 / 3, 'env/reward/inner': 50 / 3 });
  });

  test('run at the same time', async () => {
    // each waits for the other to begin: one after the other would never end
    let begun = 0;
    const waiting: Reward = async (all) => {
      begun++;
      while (begun < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      return all.map(() => 1);
    };
    const part = { reward: waiting, weight: 1 };
    const reward = weightedRewards({ a: part, b: part });
    expect((await scoreRollouts(reward, rollouts)).scores).toEqual([2, 2, 2]);
  });

  test('see the signal, and what they throw for it comes through as it is', async () => {
    const controller = new AbortController();
    const reward = weightedRewards({
      fast: { reward: length, weight: 1 },
      slow: { reward: untilAborted, weight: 1 },
    });
    const call = scoreRollouts(reward, rollouts, controller.signal);
    controller.abort();
    await expect(call).rejects.toBe(controller.signal.reason);
  });
});

describe('a part that fails', () => {
  const fault = new TypeError('no such planet.');
  const failing: Reward = () => Promise.reject(fault);

  test('is not swallowed, and named with the place where it failed', async () => {
    const reward = weightedRewards({
      length: { reward: length, weight: 1 },
      mars: { reward: failing, weight: 0 },
    });
    await expect(scoreRollouts(reward, rollouts)).rejects.toMatchObject({
      name: 'UnavailableError',
      message: expect.stringMatching(
        /^reward "mars": expected scores, got TypeError: no such planet \(\S*reward\.test\.ts:\d+:\d+\)\.$/,
      ),
      cause: fault,
    });
  });

  test('is named when its scores are wrong', async () => {
    const reward = weightedRewards({ mars: { reward: async () => [1, 2], weight: 1 } });
    await expect(scoreRollouts(reward, rollouts)).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining('reward "mars": expected 3 scores, got 2 scores.'),
    });
    const nan = weightedRewards({ mars: { reward: async () => [1, 2, Number.NaN], weight: 1 } });
    await expect(scoreRollouts(nan, rollouts)).rejects.toMatchObject({
      name: 'NumericError',
      message: expect.stringContaining('reward "mars", sample 2, "three of them": expected'),
    });
  });

  test('stops the others, and is thrown when all have ended', async () => {
    const ended: string[] = [];
    const late: Reward = async (all, signal) => {
      await untilAborted(all, signal).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 10));
      ended.push('late');
      return all.map(() => 0);
    };
    const reward = weightedRewards({
      late: { reward: late, weight: 1 },
      aborted: { reward: untilAborted, weight: 1 },
      mars: { reward: failing, weight: 1 },
    });
    await expect(scoreRollouts(reward, rollouts)).rejects.toThrow('reward "mars": expected scores');
    expect(ended).toEqual(['late']);
  });
});

describe('weights that are refused', () => {
  test.each([Number.NaN, Infinity])('%d', (weight) => {
    const call = () => weightedRewards({ length: { reward: length, weight } });
    expect(call).toThrow(`weight of reward "length": expected a finite number, got ${weight}.`);
  });

  test('all of them 0, or none', () => {
    const idle = { reward: length, weight: 0 };
    const expected = 'weightedRewards: expected a reward with a weight that is not 0, got';
    expect(() => weightedRewards({ a: idle, b: idle })).toThrow(`${expected} "a", "b".`);
    expect(() => weightedRewards({})).toThrow(`${expected} no reward at all.`);
  });
});
