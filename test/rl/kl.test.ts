import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fullKl, k3, klController, tokenKl } from '../../src/rl/kl.ts';
import { float32 } from '../../src/tensor.ts';
import { goldenJson, goldenTensors } from '../golden.ts';
import { numbers } from '../tensors.ts';

const logit = fc.double({ min: -8, max: 8, noNaN: true });
const pair = fc.array(fc.record({ p: logit, q: logit }), { minLength: 1, maxLength: 12 });
const sum = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);
const logSoftmax = (logits: readonly number[]) => {
  const total = Math.log(sum(logits.map(Math.exp)));
  return logits.map((x) => x - total);
};
/** Log-probabilities of two distributions, and KL(p || q) as a plain sum. */
function distributions(logits: readonly { p: number; q: number }[]) {
  const p = logSoftmax(logits.map((row) => row.p));
  const q = logSoftmax(logits.map((row) => row.q));
  return { p, q, kl: sum(p.map((lp, v) => Math.exp(lp) * (lp - q[v]))) };
}

describe('estimates of the KL', () => {
  test('kl, abs and mse are the difference, its size and half its square', () => {
    const each = (['kl', 'abs', 'mse'] as const).map((penalty) => tokenKl(penalty, -4, -1));
    expect(each).toEqual([-3, 3, 4.5]);
  });

  test('k3 is r - 1 - log r, r the ratio of the reference to the policy', () => {
    const [policy, reference] = [0.5, 0.75].map(Math.log);
    const expected = 1.5 - 1 - Math.log(1.5);
    expect(tokenKl('k3', policy, reference)).toBeCloseTo(expected, 12); // float64
    expect(k3(policy, reference)).toBeCloseTo(expected, 12);
  });

  test('the full KL is not to be had from one token', () => {
    const call = () => tokenKl('full', -1, -1);
    expect(call).toThrow('internal: the full KL needs the logits: use fullKl');
  });

  test('over all tokens, kl and k3 are right on average', () => {
    const property = fc.property(pair, (logits) => {
      const { p, q, kl } = distributions(logits);
      const expectation = (estimate: (lp: number, lq: number) => number) =>
        sum(p.map((lp, v) => Math.exp(lp) * estimate(lp, q[v])));
      expect(expectation(k3)).toBeCloseTo(kl, 8); // float64
      expect(expectation((lp, lq) => tokenKl('kl', lp, lq))).toBeCloseTo(kl, 8);
    });
    fc.assert(property);
  });

  test('k3, abs and mse are never negative, and zero for equal probabilities', () => {
    const property = fc.property(logit, logit, (lp, lq) => {
      const all = [k3(lp, lq), tokenKl('abs', lp, lq), tokenKl('mse', lp, lq)];
      expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
      expect(k3(lp, lp)).toBe(0);
    });
    fc.assert(property);
  });

  test('the full KL equals its sum, position by position', () => {
    const property = fc.property(pair, pair, (first, second) => {
      const width = Math.min(first.length, second.length);
      const rows = [first, second].map((row) => row.slice(0, width));
      const logits = (side: 'p' | 'q') =>
        float32(
          rows.flat().map((row) => row[side]),
          [2, width],
        );
      const kl = fullKl(logits('p'), logits('q'));
      const sums = rows.map((row) => distributions(row).kl);
      expect(kl).toBeAllClose(sums, { atol: 1e-4 }); // float32 logits
      expect(Math.min(...kl)).toBeGreaterThan(-1e-5);
    });
    fc.assert(property);
  });

  test('the full KL does not overflow at logits of 1000', () => {
    const [p, q] = [float32([1000, 0], [1, 2]), float32([0, 1000], [1, 2])];
    expect(Array.from(fullKl(p, q))).toEqual([1000]);
  });

  test("the full KL to the uniform distribution is log n minus the entropy that TRL's core has", async () => {
    const golden = await goldenTensors('ppo', 'core_functions.safetensors');
    const { data, shape } = golden.get('logits')!;
    const vocabulary = shape[shape.length - 1];
    const logits = float32(data as Float32Array, [data.length / vocabulary, vocabulary]);
    const uniform = float32(new Float32Array(data.length), logits.shape);
    const entropies = numbers(golden.get('entropy')!);
    const expected = entropies.map((entropy) => Math.log(vocabulary) - entropy);
    expect(fullKl(logits, uniform)).toBeAllClose(expected, { atol: 1e-5 }); // torch's float32
  });
});

describe('the coefficient', () => {
  interface Controllers {
    adaptive_kl: {
      init: number;
      target: number;
      horizon: number;
      updates: { kl: number; n_steps: number; value: number }[];
    };
  }

  test("adapts as TRL's does", async () => {
    const { adaptive_kl } = await goldenJson<Controllers>('ppo', 'controllers.json');
    const { init, target, horizon, updates } = adaptive_kl;
    const controller = klController({ initKlCoef: init, adapKlCtrl: true, target, horizon });
    expect(controller.value).toBe(init);
    for (const { kl, n_steps, value } of updates) {
      controller.update(kl, n_steps);
      expect([controller.value]).toBeAllClose([value], { rtol: 1e-12 }); // float64 both
    }
  });

  const options = { initKlCoef: 0.2, target: 6, horizon: 100 };

  test('stays when it is fixed', () => {
    const controller = klController({ ...options, adapKlCtrl: false });
    controller.update(60, 16);
    expect(controller.value).toBe(0.2);
  });

  test('rises above the target, falls below it, by 20 % of count / horizon at most', () => {
    const property = fc.property(fc.integer({ min: -50, max: 50 }), (kl) => {
      const controller = klController({ ...options, adapKlCtrl: true });
      controller.update(kl, 16);
      const factor = controller.value / 0.2;
      expect(Math.sign(factor - 1)).toBe(Math.sign(kl / 6 - 1));
      expect(Math.abs(factor - 1)).toBeLessThanOrEqual(0.2 * 0.16 + 1e-12);
    });
    fc.assert(property);
  });

  test('goes on from where it is told to', () => {
    expect(klController({ ...options, adapKlCtrl: true }, 0.5).value).toBe(0.5);
  });
});
