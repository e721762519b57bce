/** What the page's script reads. Pure. */
import type { Sample } from '../../comparison.ts';
import type { PageData, PageSample, Pair } from '../../page/data.ts';
import type { ReportSamples } from '../facts.ts';
import { withoutSharedLines } from '../text.ts';
import type { ReportWords } from '../words/report-words.ts';

/** Samples of the same place belong together. Rounded to what is shown: the files beside have every digit. */
export function pageData({ before, after }: ReportSamples, words: ReportWords): PageData {
  const queries = withoutSharedLines(before.map(({ query }) => query));
  return {
    words: words.page,
    samples: before.flatMap((first, i) => {
      const second = after[i];
      return second === undefined ? [] : [pageSample(first, second, queries[i])];
    }),
  };
}

function pageSample(before: Sample, after: Sample, query: string): PageSample {
  const { id, sample, group } = before;
  const pair = (a: number, b: number): Pair => [rounded(a), rounded(b)];
  const judges = Object.entries(before.judges ?? {}).flatMap(([name, value]) => {
    const then = after.judges?.[name];
    return then === undefined ? [] : [[name, pair(value, then)] as const];
  });
  const hasRouge = before.rouge1 !== undefined && after.rouge1 !== undefined;
  return {
    ...{ id, query, before: before.response, after: after.response },
    ...(sample !== undefined && { sample }),
    ...(group !== undefined && { group }),
    toxicity: pair(before.toxicity, after.toxicity),
    reward: pair(before.reward, after.reward),
    ...(hasRouge && { rouge1: pair(before.rouge1, after.rouge1) }),
    tokens: [before.tokens, after.tokens],
    ...(judges.length > 0 && { judges: Object.fromEntries(judges) }),
  };
}

function rounded(value: number): number {
  return Math.round(1e5 * value) / 1e5;
}
