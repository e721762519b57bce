import { expect, test } from 'vitest';
import { policyShape } from '../../src/model/load.ts';
import {
  estimateSupervised,
  type SupervisedMemoryOptions,
} from '../../src/model/supervised-memory.ts';
import { tinyT5 } from './tiny.ts';

const lora = {
  rank: 4,
  alpha: 8,
  targetModules: ['q', 'v'],
  rsLora: false,
  dropout: 0,
  baseModel: '',
};
const config = { ...tinyT5, vocabSize: 8000, dModel: 256, dKv: 32, dFf: 512, heads: 8, layers: 4 };
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
    responseTokens: 40,
    batchSize: 16,
    sampled: 0,
    sampledTokens: 40,
    ...options,
  });

test('the parts add up, and training takes the most', () => {
  const { parts, total } = estimate();
  expect(Object.keys(parts)).toEqual(['weights', 'training', 'what is learnt', 'program']);
  expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(total);
  expect(parts.training).toBeGreaterThan(parts.weights);
});

test('smaller parts of a step and checkpointing take less', () => {
  const { training } = estimate().parts;
  const { training: split } = estimate({ microBatchSize: 8 }).parts;
  expect(split / training).toBeCloseTo(8 / 16, 1);
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
});
