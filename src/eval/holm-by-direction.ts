import { holm } from './holm.ts';

/** A measure before and after, and its test of no difference. */
export interface Tested {
  readonly before: number;
  readonly after: number;
  readonly pValue: number;
  /** Which way is better; `neither` of what may go wrong both ways. */
  readonly better: 'lower' | 'higher' | 'neither';
}

type Way = 'better' | 'worse' | 'neither';

/**
 * Holm's p-values over a family in which a measure makes way only for those that went the same way:
 * for what got better, all that got worse count as p = 1, and the other way about; what may go wrong
 * both ways makes way for nobody. They are never smaller than Holm's own, so the family is as safe;
 * and a measure that gets worse never makes it easier to show that another got better.
 */
export function holmByDirection(family: readonly Tested[]): number[] {
  const ways = family.map(wayOf);
  return family.map(({ pValue }, i) => {
    if (ways[i] === 'neither') return Math.min(1, family.length * pValue);
    return holm(family.map((one, j) => (ways[j] === ways[i] ? one.pValue : 1)))[i];
  });
}

function wayOf({ before, after, better }: Tested): Way {
  if (better === 'neither') return 'neither';
  return (better === 'lower' ? after < before : after > before) ? 'better' : 'worse';
}
