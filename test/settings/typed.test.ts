import { expect, test } from 'vitest';
import * as library from '../../src/index.ts';

const places = { model: 'm', data: 'd' };
const demo = library.presets.demo;

const { DetoxConfig, RlConfig, SftConfig, GenerationConfig } = library;
const kinds = { DetoxConfig, RlConfig, SftConfig, GenerationConfig };

/** As a program in JavaScript may call it. */
const parse = (name: keyof typeof kinds, given: object) =>
  (kinds[name].parse as (given: object) => object)(given);

test.each([
  [
    'RlConfig',
    { stepz: 30 },
    'RlConfig: expected a known setting, got "stepz". Did you mean "steps"?',
  ],
  ['RlConfig', { steps: '30' }, 'RlConfig.steps: expected a whole number of at least 0, got "30".'],
  ['RlConfig', { algorithm: 'pppo' }, 'got "pppo". Did you mean "ppo"?'],
  ['DetoxConfig', { ...demo, sample: 3 }, 'DetoxConfig.sample: expected'],
  ['SftConfig', { ...places, lorarank: 8 }, 'Did you mean "loraRank"?'],
  ['SftConfig', { ...places, patience: 3 }, 'It needs `evaluateEvery`.'],
  ['SftConfig', { model: 'm' }, 'SftConfig.data: expected'],
  ['GenerationConfig', { topP: 2 }, 'GenerationConfig.topP: expected'],
] as const)('%s says of %j what is wrong with it', (name, given, message) => {
  let error: unknown;
  try {
    parse(name, given);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(library.ConfigError);
  expect((error as Error).message).toContain(message);
});

test('settings that are no object are refused in the same way', () => {
  expect(() => parse('RlConfig', [] as object)).toThrow(library.ConfigError);
});

test('defaults are filled in', () => {
  expect(library.RlConfig.parse({ steps: 3 })).toMatchObject({ steps: 3, algorithm: 'ppo' });
});
