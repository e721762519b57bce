/** The loss with no engine: its graph and its terms, worked out, are those of plain arithmetic. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Graph, reachable } from '../../src/graph/graph.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { policyLoss } from '../../src/rl/loss.ts';
import { minibatchStats } from '../../src/rl/stats.ts';
import { row } from './experience.ts';
import { plainStats } from './plain-loss.ts';
import { builtLoss, workedLoss } from './work-graph.ts';

/** The graph of a loss over any number of tokens. */
function lossGraph(settings: Partial<RlConfig>) {
  const config = RlConfig.parse(settings);
  const loss = policyLoss(config);
  return { config, loss, built: builtLoss(loss), critic: config.valueHead !== 'none' };
}

const numbers = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const token = fc.record({
  logprob: numbers(-3, 0),
  old: numbers(-3, 0),
  ref: numbers(-3, 0),
  advantage: numbers(-2, 2),
  value: numbers(-2, 2),
  oldValue: numbers(-2, 2),
  returned: numbers(-2, 2),
  entropy: numbers(0, 3),
  mask: fc.constantFrom(0, 1),
});
const tokens = fc
  .array(token, { minLength: 2, maxLength: 6 })
  .filter((all) => all.some(({ mask }) => mask === 1));

const clips = { clipRange: 0.3, clipRangeValue: 0.4 };
const variants: Partial<RlConfig>[] = [
  {},
  { ...clips, vfCoef: 0.7 },
  { ...clips, vfCoef: 0.7, entropyCoef: 0.2 },
  { ...clips, klPlacement: 'loss', klPenalty: 'abs' },
  { ...clips, klPlacement: 'loss', klPenalty: 'mse' },
  { ...clips, klPlacement: 'loss', klPenalty: 'k3', entropyCoef: 0.1 },
  { algorithm: 'grpo' },
  { algorithm: 'rloo', entropyCoef: 0.3 },
];

describe.each(variants)('the loss of %j', (settings) => {
  test('is that of plain arithmetic, and so is all that is told of it', () => {
    const { config, loss, critic } = lossGraph(settings);
    const klCoef = 0.25;
    const property = fc.property(tokens, (all) => {
      const list = (name: keyof (typeof all)[number]) => [row(...all.map((each) => each[name]))];
      const masks = list('mask');
      const count = all.reduce((sum, { mask }) => sum + mask, 0);
      const scores = [
        { logprobs: list('logprob')[0], values: list('value')[0], entropies: list('entropy')[0] },
      ];
      const weights = masks.map((mask) => mask.map((one) => one / count));
      const inputs = {
        oldLogprobs: list('old'),
        refLogprobs: list('ref'),
        advantages: list('advantage'),
        ...(critic && { oldValues: list('oldValue'), returns: list('returned') }),
        weights,
      };
      const klWeights = weights.map((row) => row.map((weight) => klCoef * weight));
      const worked = workedLoss(loss, scores, { ...inputs, klWeights });
      const stats = minibatchStats(worked, { ...inputs, masks });
      const plain = plainStats({ ...inputs, masks, scores, klCoef }, config);
      // shares of the tokens differ where float32 makes two costs equal: seldom, and by one token
      const names = Object.keys(plain).filter((name) => !name.endsWith('clipfrac'));
      const [actual, expected] = [stats, plain].map((all) =>
        names.map((name) => (all as Readonly<Record<string, number>>)[name]),
      );
      // both round each token to float32
      expect(actual, names.join()).toBeAllClose(expected, { atol: 1e-5, rtol: 1e-5 });
      expect(Object.keys(stats).toSorted()).toEqual(Object.keys(plain).toSorted());
    });
    fc.assert(property, { numRuns: 30 });
  });

  test('asks for the inputs that it uses', () => {
    const { config, loss, built, critic } = lossGraph(settings);
    const names = reachable([built.loss]).flatMap(({ source }) =>
      source.kind === 'input' ? [source.name] : [],
    );
    const outputs = ['logprobs', 'values', 'entropies'];
    expect(names.filter((name) => !outputs.includes(name)).sort()).toEqual([...loss.inputs].sort());
    expect(names.includes('values')).toBe(critic);
    expect(names.includes('entropies')).toBe(config.entropyCoef > 0);
  });
});

test('losses that differ in anything have names of their own', () => {
  const others: Partial<RlConfig>[] = [
    { clipRange: 0.1 },
    { clipRangeValue: 0.1 },
    { vfCoef: 0.3 },
    { entropyCoef: 0.3 },
    { detachValue: true },
    { klPlacement: 'loss', klPenalty: 'mse' },
    { klPlacement: 'loss', klPenalty: 'k3' },
    { algorithm: 'rloo' },
    { algorithm: 'rloo', klPlacement: 'loss' },
  ];
  const names = [{}, ...others].map((settings) => lossGraph(settings).loss.name);
  expect(new Set(names).size).toBe(names.length);
  expect(lossGraph({}).loss.name).toBe(names[0]);
  // what is no part of the loss is no part of its name, so that a graph is compiled once
  expect(lossGraph({ learningRate: 1, initKlCoef: 3 }).loss.name).toBe(names[0]);
});

test('the value loss ends at the value head where it is detached, and there alone', () => {
  const detaches = [{}, { detachValue: true }].map((each) => lossGraph(each).loss.detachesValues);
  expect(detaches).toEqual([false, true]);
});

test.each(['kl', 'full'] as const)('the estimate %s has no place in the loss', (klPenalty) => {
  const config = { ...RlConfig.parse({ klPlacement: 'loss' }), klPenalty };
  const value = new Graph().input('x', 'float32', ['tokens']);
  const outputs = { logprobs: value, values: value, entropies: value, logits: value };
  const inputs = Object.fromEntries(policyLoss(config).inputs.map((name) => [name, value]));
  const message = `internal: the KL estimate ${klPenalty} has no place in the loss`;
  expect(() => policyLoss(config).build(outputs, inputs)).toThrow(message);
});
