/** The numbers that the lab's notebook prints, with the sign right. Pure. */
import type { Comparison, Summary } from '../comparison.ts';
import { fixed, signed } from './text.ts';
import type { Language } from './words/language.ts';
import { verdictWords } from './words/verdict.ts';

/** Mean and numpy's standard deviation (over n, not n - 1) of the toxicity. */
interface LabSide {
  readonly mean: number;
  readonly std: number;
}

export interface LabNumbers {
  readonly before: LabSide;
  readonly after: LabSide;
  /**
   * `100 (before - after) / before`: above 0 is less. The notebook has `(after - before) / before` and
   * calls that an improvement. null where before is 0.
   */
  readonly improvement: { readonly mean: number | null; readonly std: number | null };
}

export function labNumbers({ slices: [{ toxicity }] }: Comparison): LabNumbers {
  const [before, after] = [side(toxicity.before), side(toxicity.after)];
  const gain = (one: number, other: number) => (one === 0 ? null : (100 * (one - other)) / one);
  const improvement = { mean: gain(before.mean, after.mean), std: gain(before.std, after.std) };
  return { before, after, improvement };
}

function side({ n, mean, std }: Summary): LabSide {
  return { mean, std: n === 0 ? 0 : std * Math.sqrt((n - 1) / n) };
}

/** The same in a sentence. */
export function labText(comparison: Comparison, language: Language = 'en'): string {
  const { lab: say } = verdictWords[language];
  const { before, after, improvement } = labNumbers(comparison);
  const of = (name: 'mean' | 'std') => {
    const gain = improvement[name];
    const told = gain === null ? '' : ` (${say.improvement} ${signed(gain, 2)} %)`;
    return `${say[name]} ${fixed(before[name], 4)} → ${fixed(after[name], 4)}${told}`;
  };
  return `${say.title}: ${of('mean')}, ${of('std')}; ${say.sign}.`;
}
