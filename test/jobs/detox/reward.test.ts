import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { Prompt } from '../../../src/eval/evaluate.ts';
import { loadTokenizer, type Tokenizer } from '../../../src/family/tokenizer.ts';
import { DetoxConfig } from '../../../src/jobs/detox/config.ts';
import { detoxReward, rougeReward } from '../../../src/jobs/detox/reward.ts';
import type { Classifier } from '../../../src/model/classifier.ts';
import { loadClassifier, loadPolicy } from '../../../src/model/load.ts';
import type { Policy } from '../../../src/model/policy.ts';
import { classifierJudge, type Judge } from '../../../src/rl/judge.ts';
import { scoreRollouts } from '../../../src/rl/reward.ts';
import type { Rollout } from '../../../src/rl/rollout.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import { testEngine } from '../../engine.ts';
import { goldenPath } from '../../golden.ts';

let engine: Engine;
let folder: string;
let classifier: Classifier;
let policy: Policy;
let tokenizer: Tokenizer;
let judge: Judge;
let rollouts: Rollout<Prompt>[];
beforeAll(async () => {
  engine = await testEngine();
  folder = await mkdtemp(join(tmpdir(), 'tactful-'));
  await cp(goldenPath('t5', 'model'), folder, { recursive: true });
  await cp(goldenPath('tokenizers', 't5'), folder, { recursive: true });
  ({ policy } = await loadPolicy(engine, { model: folder }));
  tokenizer = await loadTokenizer(folder);
  const rewardModel = goldenPath('roberta', 'model');
  classifier = await loadClassifier(engine, rewardModel);
  judge = classifierJudge({
    classifier,
    tokenizer: await loadTokenizer(rewardModel),
    rewardLabel: 'nothate',
    toxicLabel: 'hate',
    scoreOn: 'response',
  });
  rollouts = await Promise.all([
    answered('Tom: I am late for the bus. Ann: Run!', 'I am late for the bus', 'Tom runs.'),
    answered('Ann: Hello! Tom: Hi!', 'Ann greets Tom', 'Tom is greeted', 'Ann greets him'),
    answered('Ann: Good night!', '', 'They part.'),
  ]);
});
afterAll(async () => {
  await policy.close();
  await classifier.close();
  await engine.close();
  await rm(folder, { recursive: true });
});

/** A rollout that answers `text`. */
async function answered(query: string, text: string, ...references: string[]) {
  const ids = await tokenizer.encode(query);
  const rollout: Rollout<Prompt> = {
    query: { id: query, text: query, ids, references },
    response: await tokenizer.encode(text),
    truncated: false,
    text,
  };
  return rollout;
}

/** What a run with these settings pays for the rollouts. */
async function paid(options: Partial<z.input<typeof DetoxConfig>> = {}) {
  const paths = { model: folder, rewardModel: 'unused', data: 'unused' };
  const config = DetoxConfig.parse({ ...paths, ...options });
  return scoreRollouts(detoxReward({ judge, policy, tokenizer }, config), rollouts);
}

/** F of words in common: 0 of 2 with 6; 2 of 3 with "Ann greets him"; none. */
const rouge1 = [0, 2 / 3, 0];
const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

test('the ROUGE reward is the F of the reference that fits best', async () => {
  expect(await rougeReward(rollouts)).toBeAllClose(rouge1, { atol: 1e-12 }); // order of rounding
});

describe('what a run pays', () => {
  test('has its parts before their weights, the only one too', async () => {
    const alone = await paid();
    expect(alone.parts).toEqual({ classifier: alone.scores });
    const { scores, parts } = await paid({ rougeWeight: 2, rewardModelWeight: 0.5 });
    expect(Object.keys(parts ?? {})).toEqual(['classifier', 'rouge1']);
    expect(parts?.classifier).toEqual(alone.scores);
    expect(parts?.rouge1).toBeAllClose(rouge1, { atol: 1e-12 });
    expect(scores[1]).toBeCloseTo(0.5 * alone.scores[1] + 2 * rouge1[1], 6);
  });

  test('is the logit of the reward label', async () => {
    const pairs = rollouts.map(({ query, text }) => ({ query: query.text, response: text }));
    const judged = await judge.judge(pairs);
    const { scores, metrics } = await paid();
    expect(scores).toEqual(judged.map(({ reward }) => reward));
    expect(metrics['env/toxic_share']).toBe(
      mean(judged.map(({ toxicity }) => Number(toxicity >= 0.5))),
    );
    expect(metrics).not.toHaveProperty('env/reward/rouge1');
  });

  test('is that plus weight · ROUGE-1, when ROUGE has a weight', async () => {
    const { scores: logits, metrics: plain } = await paid();
    const { scores, metrics } = await paid({ rougeWeight: 1.5 });
    const expected = logits.map((logit, i) => logit + 1.5 * rouge1[i]);
    expect(scores).toBeAllClose(expected, { atol: 1e-12 }); // order of rounding
    expect(metrics).toEqual({
      ...plain,
      'env/reward/classifier': mean(logits),
      'env/reward/rouge1': expect.closeTo(mean(rouge1), 12),
    });
  });

  test("is the lab's reward with compat, which says nothing of toxicity", async () => {
    const { scores, metrics } = await paid({ compat: 'trl-0.8.0' });
    const pairs = rollouts.map(({ query, text }) => `${query.text}</s><pad> ${text}</s>`);
    const largest = (await judge.logits(pairs)).map((row) => Math.max(...row));
    expect(scores[0]).toBeCloseTo(largest[0], 4); // another batch, float32
    expect(metrics).not.toHaveProperty('env/toxic_share');
  });

  test('is the logit of the reward label of texts with special tokens, where those alone are left in', async () => {
    const { scores } = await paid({ without: ['stripsSpecialTokens'] });
    const texts = rollouts.map(({ text }) => `<pad> ${text}</s>`);
    const good = classifier.labelIndex('nothate');
    const logits = (await judge.logits(texts)).map((row) => row[good]);
    expect(scores[0]).toBeCloseTo(logits[0], 4); // another batch, float32
    expect(scores[0]).not.toBeCloseTo((await paid()).scores[0], 3);
  });

  test("is the largest logit of the same texts without the correction of the lab's labels", async () => {
    const { scores } = await paid({ without: ['rewardsByLabel'] });
    const largest = (await judge.logits(rollouts.map(({ text }) => text))).map((row) =>
      Math.max(...row),
    );
    expect(scores).toEqual(largest);
  });
});

test.each(['none', 'trl-0.8.0'] as const)('guards are told with compat %s', async (compat) => {
  const { metrics } = await paid({ compat });
  expect(metrics).toMatchObject({
    'guard/distinct2': 1,
    'guard/copy_share': 1, // all of the first; the other two are too short
    'guard/empty_share': 1 / 3,
    'guard/duplicate_share': 0,
  });
});
