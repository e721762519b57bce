/** float32 values of IEEE half-precision bit patterns; exact, NaN payloads and infinities included. */
export function float16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = widen(bits[i]);
  return new Float32Array(out.buffer);
}

/** float32 values of bfloat16 bit patterns, which are the upper halves of float32 patterns; exact. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i] << 16;
  return new Float32Array(out.buffer);
}

/** float32 bit pattern of a half: 1 sign, 5 exponent (bias 15), 10 fraction bits to 1, 8 (127), 23. */
function widen(half: number): number {
  const sign = (half & 0x8000) << 16;
  let exponent = (half >> 10) & 0x1f;
  let fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent === 0) {
    if (fraction === 0) return sign;
    // subnormal: fraction * 2^-24 is normal in float32
    const shift = Math.clz32(fraction) - 21;
    fraction = (fraction << shift) & 0x3ff;
    exponent = 1 - shift;
  }
  return sign | ((exponent + 112) << 23) | (fraction << 13);
}

/** A 16-bit floating-point format. */
interface HalfFormat {
  readonly fractionBits: number;
  /** Exponent bits of 1. */
  readonly bias: number;
}

/** float16 bit patterns of float32 or float64 numbers, rounded once: to nearest, ties to even. */
export function toFloat16(numbers: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  return narrow(numbers, { fractionBits: 10, bias: 15 });
}

/** bfloat16 bit patterns of float32 or float64 numbers, rounded once: to nearest, ties to even. */
export function toBfloat16(numbers: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  return narrow(numbers, { fractionBits: 7, bias: 127 });
}

function narrow(
  numbers: ArrayLike<number>,
  { fractionBits, bias }: HalfFormat,
): Uint16Array<ArrayBuffer> {
  const out = new Uint16Array(numbers.length);
  const number = new Float64Array(1);
  const words = new Uint32Array(number.buffer);
  const infinity = (2 * bias + 1) << fractionBits;
  const one = 2 ** fractionBits;
  // unit in the last place of each exponent, from that of the subnormals on
  const units = Float64Array.from(
    { length: 2 * bias + 1 },
    (_, i) => 2 ** (fractionBits + bias - Math.max(i, 1)),
  );
  for (let i = 0; i < numbers.length; i++) {
    number[0] = numbers[i];
    const high = words[1];
    const sign = (high >>> 16) & 0x8000;
    const exponent = ((high >>> 20) & 0x7ff) - 1023 + bias;
    if (exponent > 2 * bias) {
      out[i] = sign | infinity | (Number.isNaN(number[0]) ? one >> 1 : 0);
      continue;
    }
    const normal = exponent > 0;
    // adding 1.5 * 2^52 leaves no bit for a fraction: it rounds to a whole number, ties to even
    const scaled = Math.abs(number[0]) * units[normal ? exponent : 0];
    const whole = scaled + 6755399441055744 - 6755399441055744;
    // a fraction that rounds up to one carries into the exponent, as it should
    out[i] = sign | (normal ? (exponent << fractionBits) + whole - one : whole);
  }
  return out;
}
