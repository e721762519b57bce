import { ConfigError, InputError } from '../errors.ts';
import { randomStream } from '../random.ts';

/** Bounds on the length of a dialogue, in Unicode code points. */
export interface LengthBounds {
  /** Dialogues must be longer than this. @default 200 */
  readonly minimum?: number;
  /** Dialogues may be as long as this. @default 1000 */
  readonly maximum?: number;
}

/** The items whose dialogue has more than `minimum` and at most `maximum` code points. */
export function filterByLength<T extends { readonly dialogue: string }>(
  examples: readonly T[],
  bounds: LengthBounds = {},
): T[] {
  return examples.filter(({ dialogue }) => isWithin(dialogue, bounds));
}

/** Whether a dialogue has more than `minimum` and at most `maximum` code points. */
export function isWithin(
  dialogue: string,
  { minimum = 200, maximum = 1000 }: LengthBounds = {},
): boolean {
  const length = codePoints(dialogue);
  return length > minimum && length <= maximum;
}

/** Length in Unicode code points, as Python's `len`; an emoji is one, not two. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** How items are split. */
export interface SplitOptions {
  /** Items from all over are held out, by this seed; the order within both parts stays. @default the last ones */
  readonly shuffleSeed?: number | undefined;
}

/** The seed by which settings want the split shuffled, if they do. */
export function shuffleSeedOf(settings: {
  readonly shuffleSplit?: boolean | undefined;
  readonly splitSeed?: number | undefined;
}): number | undefined {
  return settings.shuffleSplit ? (settings.splitSeed ?? 0) : undefined;
}

/**
 * The first items for training, the last ones for testing, unshuffled, as Hugging Face's
 * `train_test_split(test_size, shuffle=False)`: ceil(testShare * n) test items, the rest train.
 * @param testShare above 0 and below 1
 * @throws {InputError} when one of the two would be empty
 */
export function splitExamples<T>(
  items: readonly T[],
  testShare = 0.2,
  { shuffleSeed }: SplitOptions = {},
): { train: T[]; test: T[] } {
  if (!(testShare > 0 && testShare < 1)) {
    throw new ConfigError('`testShare`', 'a number between 0 and 1', `${testShare}`);
  }
  const train = items.length - Math.ceil(testShare * items.length);
  if (train < 1) {
    const remedy =
      'Use more data or a smaller `testShare`. Widen `minimumLength` and `maximumLength`.';
    const expected = 'examples for training and for testing';
    throw new InputError('splitExamples', expected, `${items.length} in all`, remedy);
  }
  if (shuffleSeed === undefined) return { train: items.slice(0, train), test: items.slice(train) };
  const order = randomStream(shuffleSeed, ['split']).shuffle([...items.keys()]);
  const heldOut = new Set(order.slice(train));
  return {
    train: items.filter((_, i) => !heldOut.has(i)),
    test: items.filter((_, i) => heldOut.has(i)),
  };
}
