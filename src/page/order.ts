/** Which samples a table shows, and in which order. Pure. */
import type { PageSample, Pair, Quantity } from './data.ts';

/** The class of a response changes at one half of the toxicity. */
const flaggedFrom = 0.5;

type Test = (sample: PageSample) => boolean;

const rewardRose: Test = ({ reward }) => changeOf(reward) > 0;
const rougeRose: Test = ({ rouge1 }) => rouge1 !== undefined && changeOf(rouge1) > 0;
const rougeFell: Test = ({ rouge1 }) => rouge1 !== undefined && changeOf(rouge1) < 0;

/** What a sample has to be to be shown. */
export const changes = {
  any: () => true,
  rewardRose,
  rewardFell: ({ reward }) => changeOf(reward) < 0,
  toxicityRose: ({ toxicity }) => changeOf(toxicity) > 0,
  toxicityFell: ({ toxicity }) => changeOf(toxicity) < 0,
  rougeRose,
  rougeFell,
  bothRose: (one) => rewardRose(one) && rougeRose(one),
  paid: (one) => rewardRose(one) && rougeFell(one),
  same: ({ before, after }) => before === after,
  different: ({ before, after }) => before !== after,
} as const satisfies Record<string, Test>;

export const flags = {
  any: () => true,
  before: ({ toxicity: [before] }) => before >= flaggedFrom,
  after: ({ toxicity: [, after] }) => after >= flaggedFrom,
  cleared: ({ toxicity: [before, after] }) => before >= flaggedFrom && after < flaggedFrom,
  raised: ({ toxicity: [before, after] }) => before < flaggedFrom && after >= flaggedFrom,
} as const satisfies Record<string, Test>;

/** How samples can be sorted: as they came, by a number after training, or by how much it changed. */
export type Order = 'data' | 'id' | 'group' | `${Quantity}` | `${Quantity}-change`;

export interface Choice {
  /** Words that all have to be in the texts, in any capitals; empty for all samples. */
  readonly text: string;
  /** Empty for all. */
  readonly group: string;
  readonly change: keyof typeof changes;
  readonly flag: keyof typeof flags;
  readonly order: Order;
  readonly descending: boolean;
}

function changeOf([before, after]: Pair): number {
  return after - before;
}

/** Answers which samples are chosen, by their places, in order. What is searched is kept. */
export function chooser(samples: readonly PageSample[]): (choice: Choice) => number[] {
  let searched: string[] | undefined;
  const texts = () => {
    searched ??= samples.map(({ id, group = '', query, before, after }) =>
      [id, group, query, before, after].join('\n').toLowerCase(),
    );
    return searched;
  };
  return ({ text, group, change, flag, order, descending }) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const places = samples.flatMap((sample, i) => {
      if (group !== '' && sample.group !== group) return [];
      if (!changes[change](sample) || !flags[flag](sample)) return [];
      return words.every((word) => texts()[i].includes(word)) ? [i] : [];
    });
    return sorted(samples, places, order, descending);
  };
}

/** Samples without the number come last, whichever way; those with the same one stay as they were. */
function sorted(
  samples: readonly PageSample[],
  places: number[],
  order: Order,
  descending: boolean,
): number[] {
  const sign = descending ? -1 : 1;
  if (order === 'data') return descending ? places.reverse() : places;
  if (order === 'id' || order === 'group') {
    const { compare } = new Intl.Collator(undefined, { numeric: true });
    const keys = samples.map((sample) => sample[order] ?? '');
    return places.sort((a, b) => sign * compare(keys[a], keys[b]) || a - b);
  }
  const keys = Float64Array.from(samples, (sample) => numberOf(sample, order));
  return places.sort((a, b) => {
    if (Number.isNaN(keys[a]) || Number.isNaN(keys[b]))
      return Number(Number.isNaN(keys[a])) - Number(Number.isNaN(keys[b])) || a - b;
    return sign * (keys[a] - keys[b]) || a - b;
  });
}

function numberOf(sample: PageSample, order: Order): number {
  const [name, isChange] = order.split('-');
  const pair = sample[name as Quantity];
  if (!pair) return Number.NaN;
  return isChange ? changeOf(pair) : pair[1];
}
