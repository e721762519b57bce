/** I/O: all responses that runs learnt from, in a list that is searched, filtered and sorted. */
import { useEffect, useState } from 'preact/hooks';
import type { RolloutWindow } from '../../api.ts';
import type { RolloutRow } from '../../rollouts.ts';
import { get } from '../connection.ts';
import { fixed } from '../numbers.ts';
import { hashOf, runsOf, textOfRuns } from '../route.ts';
import { ownPart, startIn } from '../shared-text.ts';
import { ask, connection, say } from '../state.ts';
import { askedFor, Field, RunChoice, SortHead, searchOf, sortingOf } from './filters.tsx';
import { ListHead } from './list-head.tsx';
import { Rows, useRows } from './rows.tsx';

const filters = ['runs', 'search', 'step', 'query', 'minScore', 'maxScore'] as const;

/** Address of a response's tokens. */
export function tokensOf({ run, step, row }: Pick<RolloutRow, 'step' | 'row'> & { run: string }) {
  return hashOf({ view: 'tokens', asked: { run, step: `${step}`, row: `${row}` } });
}

/** Address of one prompt in all steps of these runs. */
export function promptOf(query: string, runs: readonly string[]): string {
  return hashOf({ view: 'prompt', asked: { query, runs: textOfRuns(runs) } });
}

/** Milliseconds between looks for new samples. */
const lookEvery = 5000;

/** Whether the list at this address is longer by now than it was. */
function useGrown(address: string, total: number | undefined): boolean {
  const [now, setNow] = useState<number>();
  useEffect(() => {
    setNow(undefined);
    if (total === undefined) return undefined;
    const look = () => {
      if (document.hidden) return;
      // a look that fails is made again
      get<RolloutWindow>(connection, `${address}&offset=0&limit=1`).then(
        (window) => setNow(window.total),
        () => {},
      );
    };
    const timer = setInterval(look, lookEvery);
    return () => clearInterval(timer);
  }, [address, total]);
  return now !== undefined && total !== undefined && now > total;
}

export function Samples() {
  const sorting = sortingOf({ by: 'step', descending: true });
  const descending = sorting.descending ? '1' : '0';
  const address = `/api/rollouts?${searchOf(filters, { sort: sorting.by, descending })}`;
  const [version, setVersion] = useState(0);
  const rows = useRows<RolloutWindow>(address, version);
  const hasGrown = useGrown(address, rows.loaded?.total);
  const [page] = rows.loaded?.pages.values() ?? [];
  const behind = page?.behind ?? 0;
  useEffect(() => {
    if (behind === 0) return undefined;
    const timer = setTimeout(() => setVersion((n) => n + 1), 1000);
    return () => clearTimeout(timer);
  }, [behind, page]);
  const runs = runsOf(askedFor('runs'));
  const isOneRun = runs.length === 1;
  const clear = () =>
    ask(Object.fromEntries([...filters, 'sort', 'descending'].map((name) => [name, ''])));
  return (
    <>
      <ListHead view="samples" title="samplesTitle" />
      <search class="filters">
        <RunChoice />
        <Field name="search" label="search" hint="searchHint" />
        <Field name="step" label="step" kind="number" />
        <Field name="minScore" label="fromScore" kind="number" />
        <Field name="maxScore" label="toScore" kind="number" />
        <button type="button" onClick={clear}>
          {say('clear')}
        </button>
      </search>
      <p role="status">
        {behind > 0 && say('behind', { count: behind })}
        {hasGrown && behind === 0 && (
          <button type="button" class="fresh" onClick={() => setVersion((n) => n + 1)}>
            {say('fresh')}
          </button>
        )}
      </p>
      <Rows
        {...rows}
        label={say('samplesTitle')}
        head={
          <>
            {!isOneRun && (
              <th scope="col" class="run">
                {say('run')}
              </th>
            )}
            <SortHead label="step" by="step" sorting={sorting} />
            <th scope="col" class="prompt">
              {say('prompt')}
            </th>
            <th scope="col">{say('response')}</th>
            {columns.map(([label, by]) => (
              <SortHead key={by} label={label} by={by} sorting={sorting} />
            ))}
          </>
        }
        cells={(page, place) => (
          <Cells window={page} place={place} isOneRun={isOneRun} runs={runs} />
        )}
      />
    </>
  );
}

const columns = [
  ['score', 'score'],
  ['kl', 'kl'],
  ['advantage', 'advantage'],
  ['value', 'value'],
  ['entropy', 'entropy'],
  ['length', 'length'],
] as const;

interface CellsProps {
  readonly window: RolloutWindow;
  readonly place: number;
  readonly isOneRun: boolean;
  readonly runs: readonly string[];
}

function Cells({ window, place, isOneRun, runs }: CellsProps) {
  const row = window.rows[place];
  if (!row) return <td />;
  const text = row.response === '' ? say('empty') : row.response;
  return (
    <>
      {!isOneRun && <td class="run">{row.run}</td>}
      <td class="number step">{row.step}</td>
      <td class="prompt">
        <a class="clamped" dir="auto" href={promptOf(row.query, runs)}>
          {ownPart(
            window.queries[row.query] ?? row.id,
            startIn(window, () => Object.values(window.queries)),
          )}
        </a>
      </td>
      <th scope="row" class="response">
        <a class="clamped" dir="auto" href={tokensOf(row)}>
          {text}
        </a>
      </th>
      {columns.map(([, name]) => (
        <td key={name} class={`number ${name}`}>
          {fixed(row[name], name === 'length' ? 0 : 3)}
          {name === 'length' && row.truncated ? ` (${say('truncated')})` : ''}
        </td>
      ))}
    </>
  );
}
