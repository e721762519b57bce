/** A slice's measures as the verdict reads them. Pure. */
import type { Measure, Slice, Together } from '../comparison.ts';
import { detectableDifference } from './power.ts';

/** A measure that is to be read, and which way it gets better. */
export interface Read {
  /** A field of the slice; of a judge its name. */
  readonly measure: string;
  readonly better: 'lower' | 'higher' | 'neither';
}

/** One measure, before against after. */
export interface Reading extends Read {
  readonly of: 'toxicity' | 'judge' | 'cost';
  readonly before: number;
  readonly after: number;
  readonly n: number;
  readonly pValue: number;
  /** Ends of the interval; missing of what belongs to all texts together. */
  readonly low?: number;
  readonly high?: number;
  /** Smallest mean difference that would have shown. */
  readonly detectable?: number;
}

/**
 * Toxicity first, then the judges, then those of the other measures that the slice has and of which a
 * p-value is known.
 */
export function readingsOf(slice: Slice, reads: readonly Read[]): Reading[] {
  const judges = Object.entries(slice.judges ?? {});
  return [
    readingOf(slice.toxicity, { of: 'toxicity', measure: 'toxicity', better: 'lower' }),
    ...judges.map(([measure, found]) =>
      readingOf(found, { of: 'judge', measure, better: 'lower' }),
    ),
    ...reads.flatMap((read): Reading[] => {
      const found: unknown = slice[read.measure as keyof Slice];
      if (isMeasure(found)) return [readingOf(found, { of: 'cost', ...read })];
      if (!isTested(found)) return [];
      const { before, after, pValue } = found;
      return [{ of: 'cost', ...read, before, after, n: slice.n, pValue }];
    }),
  ];
}

function readingOf(
  { before, after, difference }: Measure,
  read: Read & Pick<Reading, 'of'>,
): Reading {
  const { n, low, high, pValue } = difference;
  // where no difference has a spread, that of the measure itself is the most that one could have
  const detectable = difference.detectable ?? detectableDifference(before.std ** 2, n);
  return { ...read, before: before.mean, after: after.mean, n, pValue, low, high, detectable };
}

/** Whether a fall by so much would have shown, of a measure that has so much to lose. */
export function couldShow(
  { before, detectable = Number.POSITIVE_INFINITY }: Reading,
  fall: number,
): boolean {
  return before > 0 && fall > 0 && detectable <= fall;
}

function isMeasure(value: unknown): value is Measure {
  return typeof value === 'object' && value !== null && 'difference' in value;
}

function isTested(value: unknown): value is Together & { readonly pValue: number } {
  return typeof value === 'object' && value !== null && 'pValue' in value;
}
