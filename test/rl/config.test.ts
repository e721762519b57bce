import { expect, test } from 'vitest';
import { RlConfig, rlFields } from '../../src/rl/config.ts';
import { semanticsOf } from '../../src/rl/semantics.ts';

/** What is wrong with a config, one line a fault. */
function faults(config: Record<string, unknown>): string[] {
  const result = RlConfig.safeParse(config);
  return result.success
    ? []
    : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test("defaults are TRL 0.8.0's where the description does not say otherwise", () => {
  expect(RlConfig.parse({})).toMatchObject({
    ppoEpochs: 4,
    learningRate: 1.41e-5,
    initKlCoef: 0.2,
    adapKlCtrl: true,
    target: 6,
    horizon: 10000,
    klPenalty: 'kl',
    gamma: 1,
    lam: 0.95,
    clipRange: 0.2,
    clipRangeValue: 0.2,
    vfCoef: 0.1,
    ratioThreshold: 10,
    earlyStopping: false,
    targetKl: 1,
    whitenRewards: false,
    useScoreScaling: false,
    useScoreNorm: false,
    seed: 0,
  });
});

test('defaults are the correct semantics', () => {
  const config = RlConfig.parse({});
  expect(config).toMatchObject({ compat: 'none', reference: 'initialPolicy' });
  expect(new Set(Object.values(semanticsOf(config)))).toEqual(new Set([true]));
});

test('every switch of the semantics is off in compat mode', () => {
  const semantics = semanticsOf(RlConfig.parse({ compat: 'trl-0.8.0' }));
  expect(new Set(Object.values(semantics))).toEqual(new Set([false]));
});

test('every field is described', () => {
  const { generation: _, ...fields } = rlFields;
  const silent = Object.entries(fields).filter(([, field]) => !field.description);
  expect(silent.map(([name]) => name)).toEqual([]);
});

test('a batch is a multiple of the minibatches of one optimizer step', () => {
  const message = 'miniBatchSize: miniBatchSize × gradientAccumulationSteps must divide batchSize';
  expect(faults({ batchSize: 10, miniBatchSize: 4 })).toEqual([message]);
  const accumulated = { batchSize: 8, miniBatchSize: 4, gradientAccumulationSteps: 4 };
  expect(faults(accumulated)).toEqual([message]);
  expect(faults({ ...accumulated, gradientAccumulationSteps: 2 })).toEqual([]);
});

test('scores are not scaled by the deviation of a single one', () => {
  const message = 'useScoreScaling: needs a batchSize above 1: one score has no deviation';
  expect(faults({ batchSize: 1, miniBatchSize: 1, useScoreScaling: true })).toEqual([message]);
  expect(faults({ batchSize: 1, miniBatchSize: 1 })).toEqual([]);
});

test('useScoreNorm alone is refused, because it would do nothing', () => {
  const message = 'useScoreNorm: does nothing without useScoreScaling';
  expect(faults({ useScoreNorm: true })).toEqual([message]);
  expect(faults({ useScoreNorm: true, useScoreScaling: true })).toEqual([]);
});

test('an unknown key is an error that names it, inside generation as well', () => {
  expect(faults({ cliprange: 0.1 })).toEqual([': Unrecognized key: "cliprange"']);
  // the lab's typo, which transformers accepts in silence and samples with top_k = 50
  expect(faults({ generation: { tokK: 0 } })).toEqual(['generation: Unrecognized key: "tokK"']);
});

test('numbers that make no sense are refused by name', () => {
  const wrong = {
    steps: 0,
    batchSize: 1.5,
    learningRate: 0,
    gamma: 1.1,
    lam: -0.1,
    clipRange: 0,
    adamBetas: [0.9, 1],
    klPenalty: 'k2',
    compat: 'trl-0.9.0',
    seed: -1,
  };
  for (const [name, value] of Object.entries(wrong))
    expect(faults({ [name]: value }).join(), name).toContain(`${name}`);
});
