/** Numbers of runs as texts, the same in every report. Pure. */
import type { Measure } from '../../comparison.ts';
import { fixed, signed } from '../text.ts';
import type { ShownRun, ToldMeasure } from './several.ts';

interface Style {
  readonly digits: number;
  readonly percent?: boolean;
}

const styles: Readonly<Record<ToldMeasure, Style>> = {
  toxicity: { digits: 4 },
  flagged: { digits: 1, percent: true },
  reward: { digits: 2 },
  rouge1: { digits: 3 },
  tokens: { digits: 1 },
};

/** `0.220 → 0.026`, `38.6 → 4.2 %`; empty where it was not measured. */
export function movedText(name: ToldMeasure, measure: Measure | undefined): string {
  if (!measure) return '';
  const { digits, percent = false } = styles[name];
  const [before, after] = [measure.before, measure.after].map(({ mean }) =>
    fixed(percent ? 100 * mean : mean, digits),
  );
  return `${before} → ${after}${percent ? ' %' : ''}`;
}

/** `+0.0120 [+0.0040, +0.0200]`. */
export function changeText(name: ToldMeasure, { difference }: Measure): string {
  const { digits, percent = false } = styles[name];
  const scale = percent ? 100 : 1;
  const [mean, low, high] = [difference.mean, difference.low, difference.high].map((x) =>
    signed(scale * x, digits),
  );
  return `${mean}${percent ? ' pp' : ''} [${low}, ${high}]`;
}

/** Of the last step; empty without one. */
export function lastKlText({ curves: { KL = [] } }: ShownRun): string {
  return KL.length === 0 ? '' : fixed(KL[KL.length - 1], 2);
}

/** `95 %`. */
export function levelText({ difference: { level } }: Measure): string {
  return `${Number((100 * level).toFixed(2))} %`;
}
