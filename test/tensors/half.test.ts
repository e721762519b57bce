import { describe, expect, test } from 'vitest';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  toBfloat16,
  toFloat16,
} from '../../src/tensors/half.ts';

const patterns = Uint16Array.from({ length: 65_536 }, (_, i) => i);

/** The value by the formula of IEEE 754 for a format of 16 bits. */
function valueBy(bits: number, fractionBits: number): number {
  const bias = 2 ** (14 - fractionBits) - 1;
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits & 0x7fff) >> fractionBits;
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  if (exponent === 2 * bias + 1) return fraction === 0 ? sign * Infinity : Number.NaN;
  const normal = sign * 2 ** (exponent - bias) * (1 + fraction);
  return exponent === 0 ? sign * 2 ** (1 - bias) * fraction : normal;
}

test('every float16 pattern widens to its IEEE 754 value', () => {
  const values = float16ToFloat32(patterns);
  expect(values.every((value, i) => Object.is(value, valueBy(i, 10)))).toBe(true);
});

test('every bfloat16 pattern widens to its IEEE 754 value', () => {
  const values = bfloat16ToFloat32(patterns);
  expect(values.every((value, i) => Object.is(value, valueBy(i, 7)))).toBe(true);
});

describe.each([
  { name: 'float16', narrow: toFloat16, widen: float16ToFloat32, fractionBits: 10 },
  { name: 'bfloat16', narrow: toBfloat16, widen: bfloat16ToFloat32, fractionBits: 7 },
])('$name', ({ narrow, widen, fractionBits }) => {
  const values = widen(patterns);

  test('every value narrows to its own pattern', () => {
    const back = narrow(values);
    const differs = (i: number) => back[i] !== patterns[i] && !Number.isNaN(values[i]);
    expect([...patterns].filter(differs)).toEqual([]);
    expect(widen(back).every((value, i) => Object.is(value, values[i]))).toBe(true);
  });

  test('a number between two values becomes the nearer one, and of two the even one', () => {
    const infinity = patterns.findIndex((_, i) => values[i] === Infinity);
    const below = Array.from({ length: infinity - 1 }, (_, i) => i);
    const middle = below.map((i) => (values[i] + values[i + 1]) / 2); // exact in float64
    const even = below.map((i) => (i % 2 === 0 ? i : i + 1));
    const expectPatterns = (numbers: number[], expected: number[]) => {
      const actual = narrow(numbers);
      expect(below.filter((i) => actual[i] !== expected[i])).toEqual([]);
    };
    expectPatterns(middle, even);
    // a hair to either side, less than float32 could tell: it is rounded once, from float64
    const hair = (i: number) => (values[i + 1] - values[i]) * 2 ** -40;
    const [lower, upper] = [-1, 1].map((side) => middle.map((x, i) => x + side * hair(i)));
    expectPatterns(lower, below);
    expectPatterns(
      upper,
      below.map((i) => i + 1),
    );
    expectPatterns(
      middle.map((x) => -x),
      even.map((i) => i | 0x8000),
    );
  });

  test('from half a unit above the largest value on all is infinite', () => {
    const bias = 2 ** (14 - fractionBits) - 1;
    const border = (2 - 2 ** -(fractionBits + 1)) * 2 ** bias;
    const beyond = widen(narrow([border * (1 - 2 ** -50), border, 1e300, -Infinity]));
    expect(Number.isFinite(beyond[0])).toBe(true);
    expect([...beyond.subarray(1)]).toEqual([Infinity, Infinity, -Infinity]);
  });
});
