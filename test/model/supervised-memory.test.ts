import { describe, expect, test } from 'vitest';
import { configs } from '../../bench/configs.js';
import { classifierGraph } from '../../src/model/classifier.ts';
import { policyShape } from '../../src/model/load.ts';
import { parameterBytes } from '../../src/model/memory.ts';
import {
  type ClassifierMemoryOptions,
  estimateClassifier,
  estimateSupervised,
  type SupervisedMemoryOptions,
} from '../../src/model/supervised-memory.ts';
import { tinyRoberta, tinyT5 } from './tiny.ts';

const lora = {
  rank: 4,
  alpha: 8,
  targetModules: ['q', 'v'],
  rsLora: false,
  dropout: 0,
  baseModel: '',
};
const config = { ...tinyT5, vocabSize: 8000, dModel: 256, dKv: 32, dFf: 512, heads: 8, layers: 4 };
const mini = { ...configs['t5-small'], dModel: 384, layers: 6, decoderLayers: 6 };
const shape = (gradientCheckpointing = false, full = false) =>
  policyShape(config, {
    lora: full ? undefined : lora,
    trainable: full ? 'all' : 'adapter',
    valueHead: false,
    gradientCheckpointing,
  });
const estimate = (options: Partial<SupervisedMemoryOptions> = {}) =>
  estimateSupervised({
    policy: shape(),
    promptTokens: [100, 300],
    responseTokens: [20, 40],
    batchSize: 16,
    sampled: 0,
    sampledTokens: 40,
    ...options,
  });

test('the parts add up, and training takes the most', () => {
  const { parts, total } = estimate();
  const names = ['weights', 'training', 'what is learnt', 'data', 'program'];
  expect(Object.keys(parts)).toEqual(names);
  expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(total);
  expect(parts.training).toBeGreaterThan(parts.weights);
});

test('smaller parts of a step and checkpointing take less', () => {
  const { training } = estimate().parts;
  const { training: split } = estimate({ microBatchSize: 12 }).parts;
  expect(split / training).toBeCloseTo(12 / 16, 1);
  const checkpointed = estimate({ policy: shape(true) }).parts.training;
  expect(checkpointed).toBeLessThan(0.6 * training);
});

test('a batch of any size takes no more than what fits a run', () => {
  const { training } = estimate({ batchSize: 20 }).parts; // 6,144 tokens of 256 elements
  expect(estimate({ batchSize: 1000 }).parts.training).toBe(training);
});

test('every weight that learns costs ten times its size', () => {
  const { parts } = estimate({ policy: shape(false, true) });
  expect(parts.weights).toBe(0);
  expect(parts['what is learnt']).toBeGreaterThan(10 * 4 * 8000 * 256);
});

test('summaries in between need the decoding graph with weights of its own', () => {
  const { parts } = estimate({ sampled: 32 });
  expect(parts['decoding copy']).toBeGreaterThan(0);
  expect(estimate().parts['decoding copy']).toBeUndefined();
});

test('a training with checkpointing keeps its memory, and scoring comes on top', () => {
  const { parts } = estimate({ policy: shape(true) });
  expect(Object.keys(parts)).toContain('training');
  expect(Object.keys(parts)).toContain('scoring');
});

test('dropout takes memory too: what it drops is kept for the gradients', () => {
  const { training } = estimate().parts;
  expect(estimate({ dropout: true }).parts.training).toBeGreaterThan(1.1 * training);
});

test('an engine that holds sessions apart takes more', () => {
  const apart = estimate({ apart: true, sampled: 32 });
  const names = ['training', 'scoring', 'sampling', 'what is learnt', 'data', 'program'];
  expect(Object.keys(apart.parts)).toEqual(names);
  expect(apart.total).toBeGreaterThan(1.5 * estimate({ sampled: 32 }).total);
});

describe('of a classifier', () => {
  const tiny = { config: tinyRoberta, textTokens: [5, 9, 15], batchSize: 8, judged: 64 };
  const of = (change: Partial<ClassifierMemoryOptions> = {}) =>
    estimateClassifier({ ...tiny, ...change });

  test('the parts add up: the largest run, all weights ten times, two encodings of the data', () => {
    const { parts, total } = of({ judged: 1 });
    expect(Object.keys(parts)).toEqual(['training', 'what is learnt', 'data', 'program']);
    expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(total);
    const { parameters } = classifierGraph({ config: tinyRoberta, variable: () => true }, false);
    expect(parts['what is learnt']).toBe(10 * parameterBytes(parameters));
    expect(of({ judged: 1000 }).parts.judging).toBeGreaterThan(parts.training);
  });

  test('smaller parts of a step take less, and a batch of any size no more than what fits a run', () => {
    const training = (change: Partial<ClassifierMemoryOptions>) =>
      of({ judged: 1, ...change }).parts.training;
    expect(training({ microBatchSize: 2 })).toBeLessThan(0.5 * training({}));
    expect(training({ batchSize: 1e6 })).toBe(training({ batchSize: 2e6 }));
  });

  // peaks of whole processes in GB, which docs/numerics.md has with how they were measured
  test.each([
    ['30 million', { hidden: 384, intermediate: 1536, layers: 6 }, 2.169],
    ['51 million', { hidden: 512, intermediate: 2048, layers: 8, heads: 8 }, 3.371],
  ])('it is near what one of %s took', (_, sizes, measured) => {
    const config = { ...configs['roberta-base'], ...sizes };
    const { total } = of({ config, textTokens: [75, 130, 200], batchSize: 32 });
    expect(total / 1e9 / measured).toBeGreaterThan(0.9);
    expect(total / 1e9 / measured).toBeLessThan(1.4);
  });
});

// the same of sft
test.each([
  ['50 million', mini, { plain: 1.232, checkpointing: 1.23, full: 2.743 }],
  ['77 million', configs['t5-small'], { plain: 1.648, checkpointing: 1.392, full: 4.281 }],
])('it is near what a T5 of %s took', (_, sizes, measured) => {
  const adapter = { ...lora, rank: 32, alpha: 32 };
  for (const [kind, peak] of Object.entries(measured)) {
    const full = kind === 'full';
    const policy = policyShape(sizes, {
      lora: full ? undefined : adapter,
      trainable: full ? 'all' : 'adapter',
      valueHead: false,
      gradientCheckpointing: kind === 'checkpointing',
    });
    const lengths = { promptTokens: [132, 175, 235], responseTokens: [24, 40, 48] };
    const measures = { sampled: 8, sampledTokens: 48 };
    const { total } = estimateSupervised({ policy, batchSize: 32, ...lengths, ...measures });
    expect(total / 1e9 / peak).toBeGreaterThan(0.9);
    expect(total / 1e9 / peak).toBeLessThan(1.4);
  }
});
