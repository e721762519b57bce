import { describe, expect, test } from 'vitest';
import { RlConfig } from '../../src/rl/config.ts';
import { rlFields } from '../../src/rl/fields.ts';
import { correctionNames, semanticsOf } from '../../src/rl/trl/corrections.ts';

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

describe('without', () => {
  test('leaves out the corrections that it names, and those alone', () => {
    for (const name of correctionNames) {
      const semantics = semanticsOf(RlConfig.parse({ without: [name] }));
      const off = correctionNames.filter((each) => !semantics[each]);
      expect(off).toEqual([name]);
    }
    const two = ['shufflesByKey', 'clipsEveryStep'] as const;
    const semantics = semanticsOf(RlConfig.parse({ without: [...two] }));
    expect(two.map((name) => semantics[name])).toEqual([false, false]);
  });

  test('changes no other setting', () => {
    const without = [...correctionNames];
    expect(RlConfig.parse({ without })).toEqual({ ...RlConfig.parse({}), without });
  });

  test('refuses what is no correction', () => {
    const [fault, ...more] = faults({ without: ['scoresFirstToken', 'firstToken'] });
    expect(fault).toMatch(/^without\.1: Invalid option: expected one of "scoresFirstToken"\|/);
    expect(more).toEqual([]);
  });
});

test('every field is described', () => {
  const { generation: _, ...fields } = rlFields;
  const silent = Object.entries(fields).filter(([, field]) => !field.description);
  expect(silent.map(([name]) => name)).toEqual([]);
});

test('an unknown key is an error that names it, inside generation as well', () => {
  expect(faults({ cliprange: 0.1 })).toEqual([': Unrecognized key: "cliprange"']);
  // the lab's typo, which transformers accepts in silence and samples with top_k = 50
  expect(faults({ generation: { tokK: 0 } })).toEqual(['generation: Unrecognized key: "tokK"']);
});

test('numbers that make no sense are refused by name', () => {
  const wrong = {
    steps: -1,
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

test('words that a setting may have are taken as they are', () => {
  const words = { schedule: ['constant', 'linear', 'cosine'], lossAverage: ['token', 'sequence'] };
  for (const [name, all] of Object.entries(words))
    for (const word of all)
      expect(RlConfig.parse({ [name]: word })).toMatchObject({ [name]: word });
});
