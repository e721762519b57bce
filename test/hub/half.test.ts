import { expect, test } from 'vitest';
import { bfloat16ToFloat32, float16ToFloat32 } from '../../src/hub/half.ts';

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
