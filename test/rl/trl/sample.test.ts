import { expect, test } from 'vitest';
import { noiseFor } from '../../../src/model/dropout.ts';
import type { PolicyShape } from '../../../src/model/policy-shape.ts';
import { placesOf } from '../../../src/rl/trl/places.ts';
import { trainingDropout } from '../../../src/rl/trl/sample.ts';
import { tinyT5 } from '../../model/tiny.ts';

const key = ['rollout', 3];
const lora = { rank: 2, scale: 1, targetModules: ['q'], dropout: 0.05 };
const shape: PolicyShape = { config: { ...tinyT5, dropout: 0.1 }, valueHead: false, lora };
const trl = { compat: 'trl-0.8.0', without: [] } as const;
const seed = 5;

test('there is none, where it is put right', () => {
  for (const phase of ['before', 'first', 'later'] as const) {
    const config = { compat: 'none', without: ['scoresFirstToken'] } as const;
    expect(placesOf(config).dropout(shape, seed, { key, phase })).toBeUndefined();
  }
});

// what the real stack does: test/golden/ppo/semantics.json, lora_dropout and t5_dropout
test.each([
  ['before', undefined],
  ['first', { model: 0, adapter: 0.05 }],
  ['later', { model: 0.1, adapter: 0.05 }],
] as const)('TRL has %s: %j', (phase, rates) => {
  const single = { compat: 'none', without: ['samplesWithoutDropout'] } as const;
  for (const config of [trl, single]) {
    expect(placesOf(config).dropout(shape, seed, { key, phase })?.rates).toEqual(rates);
  }
});

test('models without any have none', () => {
  const bare = { config: { ...tinyT5, dropout: 0 }, valueHead: false };
  expect(trainingDropout(bare, seed, { key, phase: 'later' })).toBeUndefined();
});

test('each step, response and token drops something else, a repetition the same', () => {
  const draws = (at: readonly (string | number)[]) => {
    const dropout = trainingDropout(shape, seed, { key: at, phase: 'later' })!;
    return [
      noiseFor(dropout, 'encoder', 0, 0),
      noiseFor(dropout, 'decoder', 0, 0),
      noiseFor(dropout, 'decoder', 1, 0),
      noiseFor(dropout, 'decoder', 0, 1),
    ];
  };
  const all = [...draws(['rollout', 3]), ...draws(['rollout', 4]), ...draws(['evaluate', 0])];
  expect(new Set(all).size).toBe(12);
  expect(draws(['rollout', 3])).toEqual(draws(['rollout', 3]));
});
