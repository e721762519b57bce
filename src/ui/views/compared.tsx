/** I/O: what runs measured before and after training, in a list that is searched, filtered and sorted. */
import { useState } from 'preact/hooks';
import type { ComparedOrder, ComparedRow, ComparedWindow } from '../../api.ts';
import { fixed, signed } from '../numbers.ts';
import { runsOf } from '../route.ts';
import { ownPart, startIn } from '../shared-text.ts';
import { ask, say } from '../state.ts';
import type { Word } from '../words/words.ts';
import { Words } from './changed.tsx';
import { ComparedDialog } from './compared-dialog.tsx';
import { askedFor, Field, RunChoice, SortHead, searchOf, sortingOf } from './filters.tsx';
import { ListHead } from './list-head.tsx';
import { Rows, useRows } from './rows.tsx';

const filters = ['runs', 'search', 'group'] as const;

/** By which a list can be sorted: how much they changed. */
const columns: readonly { by: ComparedOrder; name: 'toxicity' | 'reward' | 'rouge1' }[] = [
  { by: 'toxicityChange', name: 'toxicity' },
  { by: 'rewardChange', name: 'reward' },
  { by: 'rouge1Change', name: 'rouge1' },
];

export function Compared() {
  const sorting = sortingOf({ by: 'toxicityChange', descending: false });
  const descending = sorting.descending ? '1' : '0';
  const address = `/api/compared?${searchOf(filters, { sort: sorting.by, descending })}`;
  const rows = useRows<ComparedWindow>(address, 0);
  const [opened, setOpened] = useState<ComparedRow>();
  const isOneRun = runsOf(askedFor('runs')).length === 1;
  const [page] = rows.loaded?.pages.values() ?? [];
  return (
    <>
      <ListHead view="compared" title="comparedTitle" />
      <search class="filters">
        <RunChoice />
        <Field name="search" label="search" hint="searchHint" />
        <Groups groups={page?.groups ?? []} />
        <button type="button" onClick={() => ask({ runs: '', search: '', group: '', sort: '' })}>
          {say('clear')}
        </button>
      </search>
      <Rows
        {...rows}
        label={say('comparedTitle')}
        head={
          <>
            {!isOneRun && (
              <th scope="col" class="run">
                {say('run')}
              </th>
            )}
            <th scope="col">{say('prompt')}</th>
            <th scope="col">{say('difference')}</th>
            {columns.map(({ by, name }) => (
              <SortHead key={by} label={name} by={by} sorting={sorting} />
            ))}
          </>
        }
        cells={(window, place) => (
          <Cells window={window} place={place} isOneRun={isOneRun} open={setOpened} />
        )}
      />
      {opened && <ComparedDialog row={opened} close={() => setOpened(undefined)} />}
    </>
  );
}

function Groups({ groups }: { readonly groups: readonly string[] }) {
  const chosen = askedFor('group');
  if (groups.length === 0 && chosen === '') return null;
  const all = groups.includes(chosen) || chosen === '' ? groups : [chosen, ...groups];
  return (
    <label>
      {say('group')}
      <select
        name="group"
        value={chosen}
        onChange={(event) => ask({ group: event.currentTarget.value })}
      >
        <option value="">{say('allGroups')}</option>
        {all.map((group) => (
          <option key={group} value={group}>
            {group}
          </option>
        ))}
      </select>
    </label>
  );
}

interface CellsProps {
  readonly window: ComparedWindow;
  readonly place: number;
  readonly isOneRun: boolean;
  readonly open: (row: ComparedRow) => void;
}

function Cells({ window, place, isOneRun, open }: CellsProps) {
  const row = window.rows[place];
  if (!row) return <td />;
  const { before, after } = row;
  return (
    <>
      {!isOneRun && <td class="run">{row.run}</td>}
      <th scope="row" class="prompt">
        <button type="button" class="clamped" dir="auto" onClick={() => open(row)}>
          {ownPart(
            before.query,
            startIn(window, () => window.rows.map((one) => one.before.query)),
          )}
        </button>
      </th>
      <td class="response">
        <span class="clamped difference" dir="auto">
          <Words before={before.response} after={after.response} />
        </span>
      </td>
      {columns.map(({ name }) => (
        <Pair key={name} name={name} before={before[name]} after={after[name]} />
      ))}
    </>
  );
}

interface PairProps {
  readonly name: Word;
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/** What it was, what it is, and by how much it changed. */
function Pair({ name, before, after }: PairProps) {
  const isThere = before !== undefined && after !== undefined;
  return (
    <td class={`number ${name}`}>
      {isThere && (
        <>
          {fixed(before)} → {fixed(after)}
          <br />
          <small>{signed(after - before)}</small>
        </>
      )}
    </td>
  );
}
