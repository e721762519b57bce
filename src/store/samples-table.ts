/** All that was measured of every sample, before and after, as a table of a row a pair. Pure. */
import type { Sample } from '../comparison.ts';

/** What a cell holds; of `floats` each is exact in 32 bits. */
export type CellType = 'text' | 'number' | 'whole' | 'truth' | ListType;
export type ListType = 'texts' | 'floats' | 'wholes';

/** A column: of an optional one cells may be missing. */
export interface Column {
  readonly name: string;
  readonly type: CellType;
  readonly optional?: true;
}

/** Columns in their order, and by their names the cells of each row; what is missing is left out. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** What is measured of a sample, with the type of its two columns, `NAME_before` and `NAME_after`. */
const measured = {
  reward: 'number',
  toxicity: 'number',
  rouge1: 'number',
  rouge2: 'number',
  rougeL: 'number',
  rougeLsum: 'number',
  copied: 'number',
  logprob: 'number',
  refLogprob: 'number',
  faithfulness: 'number',
  coverage: 'number',
  tokens: 'whole',
  truncated: 'truth',
  sentinels: 'whole',
} as const satisfies Partial<Record<keyof Sample, CellType>>;

type Measured = keyof typeof measured;

/** Those that every sample has. */
const always: readonly Measured[] = ['reward', 'toxicity', 'tokens', 'truncated', 'sentinels'];

/**
 * The table of pairs of samples, named as in `comparison.csv`: `toxicity_before`, `judge_words_after`.
 * @param references of each pair
 */
export function samplesTable(
  before: readonly Sample[],
  after: readonly Sample[],
  references: readonly (readonly string[])[],
): Table {
  const judges = [
    ...new Set([...before, ...after].flatMap((one) => Object.keys(one.judges ?? {}))),
  ];
  const values = Object.entries(measured).map(([name, type]) => ({
    name,
    type,
    isAlways: always.includes(name as Measured),
    read: (sample: Sample) => sample[name as Measured] ?? (name === 'sentinels' ? 0 : undefined),
  }));
  const opinions = judges.map((judge) => ({
    name: `judge_${judge}`,
    type: 'number' as const,
    isAlways: false,
    read: ({ judges: said }: Sample) => said?.[judge],
  }));
  const fields = [...values, ...opinions];
  return {
    columns: [
      { name: 'query', type: 'text' },
      ...sides('response', 'text', true),
      ...fields.flatMap(({ name, type, isAlways }) => [
        ...sides(name, type, isAlways),
        ...(name === 'reward' ? [{ name: 'reward_diff', type } as const] : []),
      ]),
      { name: 'id', type: 'text' },
      { name: 'sample', type: 'whole' },
      { name: 'group', type: 'text', optional: true },
      { name: 'references', type: 'texts' },
    ],
    rows: before.map((mine, i) => {
      const theirs = after[i];
      const { id, sample = 0, group, query } = mine;
      const cells = fields.flatMap(({ name, read }) => [
        ...cell(`${name}_before`, read(mine)),
        ...cell(`${name}_after`, read(theirs)),
        ...(name === 'reward' ? cell('reward_diff', theirs.reward - mine.reward) : []),
      ]);
      return {
        query,
        response_before: mine.response,
        response_after: theirs.response,
        ...Object.fromEntries(cells),
        ...{ id, sample },
        ...(group !== undefined && { group }),
        references: references[i] ?? [],
      };
    }),
  };
}

function sides(name: string, type: CellType, isAlways: boolean): Column[] {
  const rest = { type, ...(!isAlways && { optional: true as const }) };
  return [
    { name: `${name}_before`, ...rest },
    { name: `${name}_after`, ...rest },
  ];
}

function cell(name: string, value: unknown): (readonly [string, unknown])[] {
  return value === undefined ? [] : [[name, value]];
}
