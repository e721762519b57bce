/** What one policy answers, measure by measure, with intervals. Pure. */
import type { Estimated, Sample } from '../comparison.ts';
import { distinctN } from './diversity.ts';
import { chooseSlices } from './slices/choose.ts';
import { columnsOf } from './slices/measures.ts';
import { byPrompt, pairUp } from './slices/pairs.ts';
import { type PairedOptions, pairedDifferences, summarize } from './statistics.ts';

/** The slices of a comparison, of one policy alone. The prompt is the unit. */
export function estimateSamples(samples: readonly Sample[], options: PairedOptions): Estimated[] {
  return chooseSlices(byPrompt(pairUp(samples, samples))).map(({ prompts, ...chosen }) => {
    const columns = columnsOf(prompts);
    // a mean is its difference from nothing
    const differences = pairedDifferences(
      columns.map(({ after }) => ({ before: after.map(() => 0), after })),
      options,
    );
    const texts = prompts.flatMap(({ after }) => after.map(({ response }) => response));
    return {
      ...chosen,
      n: prompts.length,
      estimates: columns.map((column, i) => {
        const { low, high, level } = differences[i];
        const named = 'judge' in column && column.judge ? { judge: column.judge } : {};
        return { measure: column.name, ...named, ...summarize(column.after), low, high, level };
      }),
      distinct2: distinctN(texts, 2),
    };
  });
}
