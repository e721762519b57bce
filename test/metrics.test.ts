import { readFile } from 'node:fs/promises';
import { expect, expectTypeOf, test } from 'vitest';
import {
  type MetricName,
  type MetricTree,
  nestMetrics,
  ownMetrics,
  type TrlStat,
  trlArrays,
  trlScalars,
  trlStats,
} from '../src/metrics.ts';
import type { StepArrays } from '../src/rl/arrays.ts';
import type { Tensor } from '../src/tensor.ts';

const names = [...trlScalars, ...ownMetrics];
/** The place of each name in a list, as a number to find again. */
const numbered = <Name extends string>(list: readonly Name[]) =>
  Object.fromEntries(list.map((name, i) => [name, i])) as Record<Name, number>;

test('TRL has 40 statistics, and no name occurs twice', () => {
  expect(trlStats).toHaveLength(40);
  expect(new Set([...trlStats, ...ownMetrics]).size).toBe(trlStats.length + ownMetrics.length);
});

test('docs/ppo.md has a formula for each', async () => {
  const text = await readFile('docs/ppo.md', 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const cells = rows.map((line) => line.split(' | ')[0]).join();
  const missing = [...trlStats, ...ownMetrics].filter((name) => !cells.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});

test('groups stand for what is between slashes, camelCase for snake_case', () => {
  const { objective, ppo, time, tokens, env, guard } = nestMetrics(numbered(names));
  const found = {
    'objective/kl': objective.kl,
    'objective/kl_k3': objective.klK3,
    'objective/kl_per_token': objective.klPerToken,
    'ppo/mean_non_score_reward': ppo.meanNonScoreReward,
    'ppo/policy/approxkl': ppo.policy.approxkl,
    'ppo/val/var_explained': ppo.val.varExplained,
    'time/ppo/forward_pass': time.ppo.forwardPass,
    'time/step': time.step,
    'tokens/queries_len_mean': tokens.queriesLenMean,
    'env/reward_mean': env.rewardMean,
    'guard/copy_share': guard.copyShare,
  };
  for (const [name, value] of Object.entries(found))
    expect(value, name).toBe(names.indexOf(name as MetricName));
});

test('every known metric has its place, and none is lost', () => {
  const leaves = (tree: object): unknown[] =>
    Object.values(tree).flatMap((value) => (typeof value === 'object' ? leaves(value) : [value]));
  const found = leaves(nestMetrics(numbered(names))) as number[];
  expect(found.sort((a, b) => a - b)).toEqual(names.map((_, i) => i));
});

test('what is missing is undefined, its group is there', () => {
  const { objective, ppo } = nestMetrics({ 'objective/kl': 1 });
  expect(objective).toEqual({ kl: 1 });
  expect(ppo.val).toEqual({});
  expect(ppo.val.varExplained).toBeUndefined();
});

test('names of other hands are left out, whatever they are', () => {
  const foreign = { 'env/reward/kind': 1, 'env/toxic_share/kind': 2, '__proto__/x': 3, mine: 4 };
  expect(nestMetrics(foreign)).toEqual(nestMetrics({}));
  expect('x' in {}).toBe(false);
});

test('arrays have the same view', () => {
  const { objective, ppo, tokens } = nestMetrics(numbered(trlArrays));
  expect([objective.klDist, objective.refLogprobs, ppo.policy.ratio, tokens.queriesDist]).toEqual(
    ['objective/kl_dist', 'objective/ref_logprobs', 'ppo/policy/ratio', 'tokens/queries_dist'].map(
      (name) => (trlArrays as readonly string[]).indexOf(name),
    ),
  );
});

test('the types come from the names', () => {
  expectTypeOf<TrlStat>().toEqualTypeOf<(typeof trlStats)[number]>();
  expectTypeOf<MetricTree['objective']['klPerToken']>().toEqualTypeOf<number>();
  expectTypeOf<MetricTree['ppo']['policy']['advantagesMean']>().toEqualTypeOf<number>();
  expectTypeOf<MetricTree['time']['ppo']['optimizeStep']>().toEqualTypeOf<number>();
  // of a critic, of the loop around
  expectTypeOf<MetricTree['ppo']['val']['varExplained']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<MetricTree['env']['rewardMean']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<keyof MetricTree>().toEqualTypeOf<
    'objective' | 'ppo' | 'tokens' | 'time' | 'env' | 'guard' | 'sampling'
  >();
  expectTypeOf<keyof MetricTree['time']>().toEqualTypeOf<
    'generate' | 'reward' | 'record' | 'step' | 'ppo'
  >();
  const view = (arrays: StepArrays) => nestMetrics(arrays).ppo.policy;
  expectTypeOf(view).returns.toHaveProperty('ratio').toEqualTypeOf<Tensor<'float32'>>();
  // @ts-expect-error no such metric
  expect(nestMetrics({}).ppo.policy.kl).toBeUndefined();
});
