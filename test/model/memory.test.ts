import { describe, expect, test } from 'vitest';
import { configs } from '../../bench/configs.js';
import { modernbert } from '../../src/family/modernbert.ts';
import type { T5Config } from '../../src/family/t5/config.ts';
import { multiplierBytes, weightBytes } from '../../src/graph/cost.ts';
import { policyShape } from '../../src/model/load.ts';
import {
  estimateMemory,
  fragmentsOf,
  type MemoryOptions,
  runBytes,
  worstMoment,
} from '../../src/model/memory.ts';
import { crossEntropy, gradientGraph } from '../../src/model/policy-graphs.ts';
import { sizeOf } from '../../src/tensor.ts';
import { tinyRoberta, tinyT5 } from './tiny.ts';

const lora = {
  ...{ rank: 32, alpha: 32, targetModules: ['q', 'v'] },
  ...{ rsLora: false, dropout: 0, baseModel: '' },
};
const roberta = configs['roberta-base'];
const middleJudge = { ...roberta, hidden: 512, intermediate: 2048, layers: 8, heads: 8 };

const tinyModernBert = {
  ...{ vocab_size: 96, hidden_size: 16, intermediate_size: 24, max_position_embeddings: 32 },
  ...{ num_hidden_layers: 2, num_attention_heads: 2 },
};

function policyOf(config: T5Config, gradientCheckpointing = false) {
  const trained = { lora, trainable: 'adapter', valueHead: true } as const;
  return policyShape(config, { ...trained, gradientCheckpointing });
}

const small: MemoryOptions = {
  policy: policyOf(tinyT5),
  loss: crossEntropy,
  rewardModel: tinyRoberta,
  promptTokens: [10, 20, 30, 40],
  ...{ responseTokens: 8, sampled: 16, scored: 16, learnt: 4, judgedTokens: 12 },
};

const of = (change: Partial<MemoryOptions>) => estimateMemory({ ...small, ...change });
const runsOf = (change: Partial<MemoryOptions>) => runBytes({ ...small, ...change });

describe('an estimate', () => {
  test('is the sum of its parts', () => {
    const { total, parts } = of({});
    const sum = Object.values(parts).reduce((all, bytes) => all + bytes, 0);
    expect(total).toBeCloseTo(sum, 0);
    expect(Object.values(parts).every((bytes) => bytes > 0)).toBe(true);
  });

  test('has the largest of all runs, under its name', () => {
    for (const change of [{}, { learnt: 1, sampled: 500 }, { learnt: 1, scored: 64 }]) {
      const runs = Object.entries(runsOf(change)).toSorted(([, a], [, b]) => b - a);
      const { parts } = of(change);
      expect(runs.map(([name]) => name in parts)).toEqual([true, false, false, false]);
      expect(parts[runs[0][0]]).toBe(runs[0][1]);
    }
  });

  test('grows with what there is more of', () => {
    const before = runsOf({});
    expect(runsOf({ learnt: 8 }).training).toBeGreaterThan(1.5 * before.training);
    expect(runsOf({ scored: 32 }).scoring).toBeGreaterThan(1.5 * before.scoring);
    expect(runsOf({ sampled: 32 }).sampling).toBeGreaterThan(1.5 * before.sampling);
    expect(runsOf({ judgedTokens: 18 }).judging).toBeGreaterThan(before.judging);
    const [wordier, longer] = [{ responseTokens: 16 }, { promptTokens: [10, 20, 30, 80] }].map(
      runsOf,
    );
    for (const name of ['training', 'sampling'] as const) {
      expect(wordier[name]).toBeGreaterThan(before[name]);
      expect(longer[name]).toBeGreaterThan(before[name]);
    }
    expect(longer.scoring).toBeGreaterThan(before.scoring);
    expect(runsOf({ policy: policyOf(tinyT5, true) }).training).toBeLessThan(before.training);
  });

  test('counts the tokens that a judge reads, wherever its padding stands in the vocabulary', () => {
    const judged = (padId: number) => {
      const rewardModel = modernbert.read({ ...tinyModernBert, pad_token_id: padId }, '');
      return runsOf({ rewardModel }).judging;
    };
    expect(judged(90)).toBe(judged(0));
    expect(judged(0)).toBeGreaterThan(0);
  });

  test('stops growing where a batch is split to fit', () => {
    const many = of({ sampled: 100_000, scored: 100_000 });
    const more = of({ sampled: 200_000, scored: 200_000 });
    expect(more).toEqual(many);
  });

  test('counts a batch as long as the longest prompt, but seldom full of such', () => {
    const alike = runsOf({ promptTokens: Array<number>(100).fill(40) });
    const mixed = runsOf({ promptTokens: [...Array<number>(99).fill(10), 40] });
    expect(mixed.training).toBeLessThan(alike.training);
    expect(mixed.training).toBeGreaterThan(runsOf({ promptTokens: [10] }).training);
  });

  test('lets the largest other run come on top of a training that keeps its memory', () => {
    const policy = policyOf(tinyT5, true);
    const { training, ...others } = runsOf({ policy });
    const [[name, bytes]] = Object.entries(others).toSorted(([, a], [, b]) => b - a);
    expect(of({ policy }).parts).toMatchObject({ training, [name]: bytes });
  });

  test('has the copy of weights for decoding, which is closed before training where it is large', () => {
    const runs = { training: 3e9, sampling: 1e9 };
    const moment = (copy: number, keeps = false) => worstMoment(runs, { copy, keeps });
    expect(moment(0.2e9)).toEqual({ 'decoding copy': 0.2e9, training: 3e9 });
    expect(moment(0.5e9)).toEqual({ training: 3e9 });
    expect(moment(2.5e9)).toEqual({ 'decoding copy': 2.5e9, sampling: 1e9 });
    expect(moment(0.5e9, true)).toEqual({ 'decoding copy': 0.5e9, ...runs });
    expect(moment(0)).toEqual({ training: 3e9 });
  });

  test('grows with the data', () => {
    const twice = [...small.promptTokens, ...small.promptTokens];
    expect(of({ promptTokens: twice }).parts.data).toBe(2 * of({}).parts.data);
  });

  test('tells of a worker what it may hold, without the data', () => {
    const { total, parts, where } = of({ memory: 'workers' });
    const here = of({});
    expect([where, here.where]).toEqual(['in each worker at most', undefined]);
    expect({ ...parts, data: here.parts.data }).toEqual(here.parts);
    expect(total).toBeCloseTo(here.total - here.parts.data, 0);
  });

  test('gives each session its own weights and memory on an engine that holds them apart', () => {
    const { parts, rough } = of({ apart: true });
    expect([rough, of({}).rough]).toEqual([true, undefined]);
    expect(Object.keys(parts)).toEqual([
      ...['training', 'sampling', 'scoring', 'judging'],
      ...['adapter', 'data', 'program'],
    ]);
    const runs = runsOf({ apart: true });
    const [apart, shared] = [{ apart: true }, {}].map((holding) => fragmentsOf(holding).training);
    expect(runs.training / runsOf({}).training).toBeCloseTo(apart / shared, 6);
    const { graph, parameters } = gradientGraph(small.policy, crossEntropy);
    const learnt = [...parameters.values()].reduce(
      (sum, { shape }) => sum + sizeOf(shape as number[]),
      0,
    );
    const own = weightBytes(graph.weights.values()) + multiplierBytes(graph) + 4 * learnt;
    expect(parts.training - runs.training).toBeCloseTo(own, 0);
  });

  // peaks of whole processes in GB, which docs/numerics.md has with how they were measured
  test.each([
    [
      'T5 of 77 million',
      configs['t5-small'],
      middleJudge,
      8,
      { plain: 2.066, checkpointing: 1.646 },
    ],
    ['FLAN-T5-base', configs['t5-base'], roberta, 4, { plain: 2.672, checkpointing: 2.819 }],
  ])('is near what a run with a %s took', (_, config, rewardModel, learnt, measured) => {
    const total = (checkpointing: boolean) =>
      estimateMemory({
        policy: policyOf(config, checkpointing),
        loss: crossEntropy,
        rewardModel,
        promptTokens: [139, 151, 159, 166, 179, 191, 208, 235], // in eight equal parts
        ...{ responseTokens: 48, sampled: 16, scored: 16, learnt, judgedTokens: 52 },
      }).total;
    for (const [kind, peak] of Object.entries(measured)) {
      const ratio = total(kind === 'checkpointing') / 1e9 / peak;
      expect(ratio).toBeGreaterThan(0.9);
      expect(ratio).toBeLessThan(1.4);
    }
  });
});
