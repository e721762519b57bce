import { InputError } from '../errors.ts';
import type { Numbers } from '../tensor.ts';

/** Number formats that weights can be stored in. */
export const weightDTypes = ['float32', 'float16', 'bfloat16'] as const;
/** Name of a number format of weights. */
export type WeightDType = (typeof weightDTypes)[number];

/** From this absolute value on a number rounds to infinity: half a unit above the largest one. */
const borders: Readonly<Record<WeightDType, number>> = {
  float32: (2 - 2 ** -24) * 2 ** 127,
  float16: (2 - 2 ** -11) * 2 ** 15,
  bfloat16: (2 - 2 ** -8) * 2 ** 127,
};

/**
 * Refuses a weight with a finite number that a format does not reach.
 * @param setting that says the format, for the message
 * @throws {InputError} naming weight and number
 */
export function checkRange(
  name: string,
  numbers: Numbers,
  dtype: WeightDType,
  setting: 'dtype' | 'dtypes',
): void {
  const border = borders[dtype];
  for (let i = 0; i < numbers.length; i++) {
    if (!(Math.abs(numbers[i]) >= border) || !Number.isFinite(numbers[i])) continue;
    const expected = `numbers in the range of ${dtype}`;
    const remedy = `Choose another by \`${setting}\`.`;
    throw new InputError(`weight ${name}`, expected, `${numbers[i]}`, remedy);
  }
}
