import fc from 'fast-check';
import { expect } from 'vitest';
import './equality.ts';

// The same cases each time: whether a change passes depends on nothing else. FUZZ_SEED gives others.
fc.configureGlobal({ seed: Number(process.env.FUZZ_SEED ?? 1) });

interface Tolerance {
  /** Absolute part of the tolerance. @default 0 */
  atol?: number;
  /** Relative part, as a share of the expected value. @default 0 */
  rtol?: number;
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: the type parameter must repeat vitest's own declaration
  interface Matchers<T = any> {
    /** Every element within `atol + rtol * |expected|`; infinities must be equal. */
    toBeAllClose(expected: ArrayLike<number>, tolerance: Tolerance): T;
  }
}

expect.extend({
  toBeAllClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: Tolerance) {
    const { atol = 0, rtol = 0 } = tolerance;
    if (actual.length !== expected.length) {
      const message = () => `expected ${expected.length} elements, got ${actual.length}`;
      return { pass: false, message };
    }
    let worst = -1;
    let worstExcess = 0;
    for (let i = 0; i < expected.length; i++) {
      if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
      const excess = Math.abs(actual[i] - expected[i]) - (atol + rtol * Math.abs(expected[i]));
      if (!(excess <= 0) && !(excess <= worstExcess)) {
        worst = i;
        worstExcess = excess;
      }
    }
    const message = () =>
      `element ${worst}: expected ${expected[worst]} ± (${atol} + ${rtol}·|expected|), got ${actual[worst]}`;
    return { pass: worst < 0, message };
  },
});
