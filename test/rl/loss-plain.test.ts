/** The loss with no engine: its graph, worked out in float64, is the loss of the statistics. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Graph, reachable, type Value } from '../../src/graph/graph.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { policyLoss } from '../../src/rl/loss.ts';
import { minibatchStats } from '../../src/rl/stats.ts';
import { row } from './experience.ts';

const operators: Record<string, (...x: number[]) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Max: Math.max,
  Min: Math.min,
  Neg: (x) => -x,
  Abs: Math.abs,
  Exp: Math.exp,
};

/** What a value is, given the graph's inputs: lists of one length, or scalars. */
function work(value: Value, inputs: Record<string, readonly number[]>): readonly number[] {
  const { source } = value;
  if (source.kind === 'input') return inputs[source.name];
  if (source.kind === 'constant') return Array.from(source.tensor.data as Float32Array);
  if (source.kind !== 'op') throw new Error(source.kind);
  const lists = source.inputs.map((input) => work(input, inputs));
  if (source.op.onnx === 'ReduceSum') return [lists[0].reduce((a, b) => a + b, 0)];
  const length = Math.max(...lists.map((list) => list.length));
  const operator = operators[source.op.onnx];
  return Array.from({ length }, (_, i) =>
    operator(...lists.map((list) => list[list.length === 1 ? 0 : i])),
  );
}

/** The graph of a loss over any number of tokens. */
function lossGraph(settings: Partial<RlConfig>) {
  const config = RlConfig.parse(settings);
  const loss = policyLoss(config);
  const graph = new Graph();
  const input = (name: string) => graph.input(name, 'float32', ['tokens']);
  const [logprobs, values, entropies, logits] = ['logprobs', 'values', 'entropies', 'logits'].map(
    input,
  );
  const own = Object.fromEntries(loss.inputs.map((name) => [name, input(name)]));
  const value = loss.build({ logprobs, values, entropies, logits }, own);
  return { config, loss, value, critic: config.valueHead !== 'none' };
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
  test('is that of the statistics, token by token', () => {
    const { config, value, critic } = lossGraph(settings);
    const klCoef = 0.25;
    const property = fc.property(tokens, (all) => {
      const list = (name: keyof (typeof all)[number]) => row(...all.map((each) => each[name]));
      const masks = list('mask');
      const weights = masks.map((one) => one / all.reduce((sum, { mask }) => sum + mask, 0));
      const scores = {
        logprobs: list('logprob'),
        values: list('value'),
        entropies: list('entropy'),
      };
      const inputs = {
        oldLogprobs: list('old'),
        refLogprobs: list('ref'),
        advantages: list('advantage'),
        ...(critic && { oldValues: list('oldValue'), returns: list('returned') }),
        weights,
        klWeights: weights.map((weight) => klCoef * weight),
      };
      const flat = Object.entries({ ...inputs, ...scores }).map(([name, data]) => [
        name,
        [...data],
      ]);
      const [actual] = work(value, Object.fromEntries(flat));
      const rows = Object.fromEntries(
        Object.entries(inputs).map(([name, data]) => [name, [data]]),
      ) as Record<keyof typeof inputs, Float32Array[]>;
      const stats = minibatchStats({ ...rows, masks: [masks], scores: [scores], klCoef }, config);
      // the statistics round each token to float32
      expect([actual]).toBeAllClose([stats['loss/total']], { atol: 1e-5, rtol: 1e-5 });
    });
    fc.assert(property, { numRuns: 30 });
  });

  test('asks for the inputs that it uses', () => {
    const { config, loss, value, critic } = lossGraph(settings);
    const names = reachable([value]).flatMap(({ source }) =>
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
