/** Numbers of Parquet, exactly. Pure. */

/**
 * The text of a decimal; anything else as it is.
 * @param unscaled a whole number, or its big-endian bytes in two's complement
 * @param scale how many of its digits stand after the point
 */
export function decimalOf(unscaled: unknown, scale: number): unknown {
  const whole = unscaled instanceof Uint8Array ? wholeOf(unscaled) : unscaled;
  if (typeof whole !== 'number' && typeof whole !== 'bigint') return unscaled;
  const text = String(whole);
  if (scale === 0) return text;
  const [sign, digits] = text.startsWith('-') ? ['-', text.slice(1)] : ['', text];
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

function wholeOf(bytes: Uint8Array): bigint {
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${digits || '0'}`));
}

/**
 * Whatever a column holds, with numbers in place of bigints, which neither compute with numbers nor go
 * into JSON; texts where a number would be another one.
 */
export function withoutBigints<Value>(value: Value): Value {
  return plain(value) as Value;
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value; // a date
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}
