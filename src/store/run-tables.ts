/** What runs learnt, as tables: a row a step, or a row a response. Pure. */
import type { JobEvent } from '../events.ts';
import type { RolloutRow, RolloutTokens } from '../rollouts.ts';
import type { Column, ListType, Table } from './samples-table.ts';

type Cells = Table['rows'][number];

/** Names of columns with numbers; those beside them have the same in every table. */
export function stepColumns(names: readonly string[]): Column[] {
  return [
    { name: 'run', type: 'text' },
    { name: 'step', type: 'whole' },
    ...names.map((name) => ({ name, type: 'number' as const, optional: true as const })),
  ];
}

/** Names of what the steps of a run measure, in the order in which they come. */
export function metricNames(events: readonly JobEvent[]): string[] {
  const names = events.flatMap((one) => (one.type === 'step' ? Object.keys(one.metrics) : []));
  return [...new Set(names)];
}

/** A row a step. What is no finite number is missing. */
export function stepRows(run: string, events: readonly JobEvent[]): Cells[] {
  return events.flatMap((event) => {
    if (event.type !== 'step') return [];
    const numbers = Object.entries(event.metrics).filter(([, value]) => Number.isFinite(value));
    return [{ run, step: event.step, ...Object.fromEntries(numbers) }];
  });
}

const ofTokens = {
  ids: 'wholes',
  texts: 'texts',
  mask: 'wholes',
  logprobs: 'floats',
  refLogprobs: 'floats',
  kls: 'floats',
  advantages: 'floats',
  values: 'floats',
  returns: 'floats',
  entropies: 'floats',
  ratios: 'floats',
} as const satisfies Record<keyof RolloutTokens, ListType>;

/** @param parts names of those of the score */
export function rolloutColumns(parts: readonly string[], withTokens: boolean): Column[] {
  const optional = true as const;
  const number = (name: string): Column => ({ name, type: 'number' });
  const optionals = ['value', 'return', 'entropy'].map((name) => ({ ...number(name), optional }));
  const tokens = Object.entries(ofTokens).map(([name, type]) => ({
    ...{ name: `token_${name}`, type, optional },
  }));
  return [
    { name: 'run', type: 'text' },
    { name: 'step', type: 'whole' },
    { name: 'row', type: 'whole' },
    { name: 'id', type: 'text' },
    { name: 'query', type: 'text', optional },
    { name: 'response', type: 'text' },
    { name: 'length', type: 'whole' },
    { name: 'truncated', type: 'truth' },
    number('score'),
    ...parts.map((name) => ({ ...number(`part_${name}`), optional })),
    ...['kl', 'logprob', 'refLogprob', 'advantage'].map(number),
    ...optionals,
    ...(withTokens ? tokens : []),
  ];
}

/** A row a response; of those whose tokens are no longer kept these are missing. */
export function rolloutCells(
  run: string,
  { tokens, parts = {}, query, ...row }: RolloutRow,
  queries: ReadonlyMap<string, string>,
  withTokens: boolean,
): Cells {
  const text = queries.get(query);
  const named = <T>(prefix: string, values: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
  return {
    run,
    ...row,
    ...(text !== undefined && { query: text }),
    ...named('part_', parts),
    ...(withTokens && tokens && named('token_', { ...tokens })),
  };
}
