import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gae } from '../../src/rl/gae.ts';

const real = fc.float({ min: -10, max: 10, noNaN: true });
const unit = fc.float({ min: 0, max: 1, noNaN: true });
const response = fc.array(fc.record({ reward: real, value: real }), { minLength: 1 });
const split = (tokens: readonly { reward: number; value: number }[]) => ({
  rewards: tokens.map(({ reward }) => reward),
  values: tokens.map(({ value }) => value),
});
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
/** delta_t = r_t + gamma V_{t+1} - V_t */
const deltas = (rewards: readonly number[], values: readonly number[], gamma: number) =>
  rewards.map((reward, t) => reward + gamma * (values[t + 1] ?? 0) - values[t]);

test('a worked example comes out by hand', () => {
  // deltas 1 + 0.5·2 - 1 = 1 and 3 - 2 = 1; A_0 = 1 + 0.5·0.5·1
  const { advantages, returns } = gae([1, 3], [1, 2], { gamma: 0.5, lambda: 0.5 });
  expect(Array.from(advantages)).toEqual([1.25, 1]);
  expect(Array.from(returns)).toEqual([2.25, 3]);
});

test('an empty response has no advantages', () => {
  expect(gae([], [], { gamma: 1, lambda: 0.95 }).advantages).toHaveLength(0);
});

test('rejects values of another length', () => {
  const call = () => gae([1, 2], [0], { gamma: 1, lambda: 0.95 });
  expect(call).toThrow('gae: expected values [2], got [1].');
});

test('with gamma = lambda = 1, each return is the sum of the rewards still to come', () => {
  const property = fc.property(response, (tokens) => {
    const { rewards, values } = split(tokens);
    const { returns } = gae(rewards, values, { gamma: 1, lambda: 1 });
    const toCome = rewards.map((_, t) => sum(rewards.slice(t)));
    expect(returns).toBeAllClose(toCome, { atol: 1e-3 }); // float32 sums against float64
  });
  fc.assert(property);
});

test('with lambda = 0, each advantage is the error of one step', () => {
  const property = fc.property(response, unit, (tokens, gamma) => {
    const { rewards, values } = split(tokens);
    const { advantages } = gae(rewards, values, { gamma, lambda: 0 });
    expect(advantages).toBeAllClose(deltas(rewards, values, gamma), { atol: 1e-5 }); // one rounding
  });
  fc.assert(property);
});

test('equals the sum over (gamma lambda)^k delta_{t+k}', () => {
  const property = fc.property(response, unit, unit, (tokens, gamma, lambda) => {
    const { rewards, values } = split(tokens);
    const { advantages, returns } = gae(rewards, values, { gamma, lambda });
    const errors = deltas(rewards, values, gamma);
    const sums = errors.map((_, t) =>
      sum(errors.slice(t).map((error, k) => (gamma * lambda) ** k * error)),
    );
    expect(advantages).toBeAllClose(sums, { atol: 1e-3 }); // float32 against float64
    expect(returns).toBeAllClose(
      sums.map((advantage, t) => advantage + values[t]),
      { atol: 1e-3 },
    );
  });
  fc.assert(property);
});

test('equals a second implementation that has no loop in it, whatever comes behind the last token', () => {
  const property = fc.property(response, unit, unit, real, (tokens, gamma, lambda, lastValue) => {
    const { rewards, values } = split(tokens);
    const { advantages, returns } = gae(rewards, values, { gamma, lambda, lastValue });
    const next = [...values.slice(1), lastValue];
    // A_t = delta_t + gamma lambda A_{t+1}, from the definition, once for each t: O(T^2)
    const advantage = (t: number): number =>
      t === rewards.length
        ? 0
        : rewards[t] + gamma * next[t] - values[t] + gamma * lambda * advantage(t + 1);
    const expected = rewards.map((_, t) => advantage(t));
    const tolerance = { atol: 1e-3 }; // float32 against float64
    expect(advantages).toBeAllClose(expected, tolerance);
    expect(returns).toBeAllClose(
      expected.map((x, t) => x + values[t]),
      tolerance,
    );
  });
  fc.assert(property);
});

test('nothing comes behind the last token unless one says so', () => {
  const options = { gamma: 0.5, lambda: 0.5 };
  expect(gae([1, 3], [1, 2], options)).toEqual(gae([1, 3], [1, 2], { ...options, lastValue: 0 }));
  // deltas 1 and 3 + 0.5·8 - 2 = 5; A_0 = 1 + 0.25·5
  const { advantages } = gae([1, 3], [1, 2], { ...options, lastValue: 8 });
  expect(Array.from(advantages)).toEqual([2.25, 5]);
});

test('a value that tells every return beforehand leaves no advantage', () => {
  const property = fc.property(fc.array(real, { minLength: 1 }), unit, (rewards, lambda) => {
    const values = rewards.map((_, t) => sum(rewards.slice(t)));
    const { advantages } = gae(rewards, values, { gamma: 1, lambda });
    expect(advantages).toBeAllClose(new Array(rewards.length).fill(0), { atol: 1e-3 });
  });
  fc.assert(property);
});

test('is linear: twice the rewards and values give twice the advantages', () => {
  const property = fc.property(response, unit, unit, (tokens, gamma, lambda) => {
    const { rewards, values } = split(tokens);
    const twice = (numbers: readonly number[]) => numbers.map((x) => 2 * x);
    const once = gae(rewards, values, { gamma, lambda });
    const double = gae(twice(rewards), twice(values), { gamma, lambda });
    const expected = once.advantages.map((x) => 2 * x);
    expect(double.advantages).toBeAllClose(expected, { atol: 1e-30 }); // exact but for denormals
  });
  fc.assert(property);
});
