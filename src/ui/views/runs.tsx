/** The list of all runs: found, sorted, and several chosen to be laid over each other. */
import { useState } from 'preact/hooks';
import type { RunState, RunSummary } from '../../api.ts';
import { clock, shortNumber, shortPath } from '../format.ts';
import { type Listing, listed, rewardOf, type Sorting, sortings } from '../listing.ts';
import { hashOf, textOfRuns } from '../route.ts';
import { ask, route, say } from '../state.ts';
import type { Word } from '../words/words.ts';
import { useAnswer, Waiting } from './answer.tsx';

interface Column {
  readonly word: Word;
  readonly sort?: Sorting;
  /** Not on a narrow screen. */
  readonly wide?: true;
}

const columns: readonly Column[] = [
  { word: 'run', sort: 'id' },
  { word: 'state', sort: 'state' },
  { word: 'progress', sort: 'progress' },
  { word: 'time', sort: 'time', wide: true },
  { word: 'model', wide: true },
  { word: 'algorithm', wide: true },
  { word: 'seed', wide: true },
  { word: 'reward', sort: 'reward' },
  { word: 'toxicity', sort: 'toxicity' },
  { word: 'verdict', sort: 'verdict' },
];
const states: readonly RunState[] = ['running', 'finished', 'stopped', 'broken'];
/** Milliseconds between two looks at the list. */
const lookEvery = 3000;

/** What the address asks for. */
function listingOf(): Listing {
  const { search = '', state, sort, descending = '1' } = route.value.asked ?? {};
  return {
    search,
    state: states.find((name) => name === state),
    sort: sortings.find((name) => name === sort) ?? 'time',
    descending: descending === '1',
  };
}

export function RunList() {
  const { answer: runs, error } = useAnswer<readonly RunSummary[]>('/api/runs', {
    every: lookEvery,
  });
  const [chosen, setChosen] = useState<readonly string[]>([]);
  if (!runs)
    return (
      <>
        <h1>{say('runs')}</h1>
        <Waiting error={error} />
      </>
    );
  const listing = listingOf();
  const shown = listed(runs, listing);
  const choose = (id: string, is: boolean) =>
    setChosen(is ? [...chosen, id] : chosen.filter((other) => other !== id));
  return (
    <>
      <h1>{say('runs')}</h1>
      {error !== undefined && (
        <p role="status" class="problem">
          {error}
        </p>
      )}
      {runs.length === 0 ? (
        <p>
          {say('noRuns')} <a href={hashOf({ view: 'start' })}>{say('start')}</a>
        </p>
      ) : (
        <>
          <Filters {...listing} />
          <Chosen runs={chosen} />
          {shown.length === 0 ? (
            <p>{say('noMatch')}</p>
          ) : (
            <Table runs={shown} listing={listing} chosen={chosen} choose={choose} />
          )}
        </>
      )}
    </>
  );
}

function Filters({ search, state }: Listing) {
  return (
    <search class="filters">
      <label>
        {say('find')}{' '}
        <input
          type="search"
          value={search}
          onInput={(event) => ask({ search: event.currentTarget.value })}
        />
      </label>
      <label>
        {say('state')}{' '}
        <select value={state ?? ''} onChange={(event) => ask({ state: event.currentTarget.value })}>
          <option value="">{say('all')}</option>
          {states.map((name) => (
            <option key={name} value={name}>
              {say(name)}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}

/** What can be done with the runs that are chosen. */
function Chosen({ runs }: { readonly runs: readonly string[] }) {
  const asked = { runs: textOfRuns(runs) };
  return (
    <p class="chosen">
      <span role="status" class={runs.length === 0 ? 'quiet' : ''}>
        {runs.length === 0 ? say('chooseHint') : say('chosen', { count: runs.length })}
      </span>
      {runs.length > 1 && <a href={hashOf({ view: 'over', asked })}>{say('layOver')}</a>}
      {runs.length > 0 && <a href={hashOf({ view: 'samples', asked })}>{say('samples')}</a>}
    </p>
  );
}

interface TableProps {
  readonly runs: readonly RunSummary[];
  readonly listing: Listing;
  readonly chosen: readonly string[];
  readonly choose: (id: string, is: boolean) => void;
}

function Table({ runs, listing: { sort, descending }, chosen, choose }: TableProps) {
  const by = (name: Sorting) => {
    const turned = name === sort ? !descending : name === 'time' || name === 'reward';
    ask({ sort: name, descending: turned ? '1' : '0' });
  };
  return (
    <section class="wide" aria-label={say('runs')}>
      <table class="runs">
        <thead>
          <tr>
            <td />
            {columns.map(({ word, sort: own, wide }) => (
              <th
                key={word}
                scope="col"
                class={wide ? 'wide-only' : ''}
                aria-sort={own === sort ? (descending ? 'descending' : 'ascending') : 'none'}
              >
                {own ? (
                  <button type="button" class="sort" onClick={() => by(own)}>
                    {say(word)}
                    {own === sort && <span aria-hidden="true">{descending ? ' ↓' : ' ↑'}</span>}
                  </button>
                ) : (
                  say(word)
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row key={run.id} run={run} isChosen={chosen.includes(run.id)} choose={choose} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface RowProps extends Pick<TableProps, 'choose'> {
  readonly run: RunSummary;
  readonly isChosen: boolean;
}

function Row({ run, isChosen, choose }: RowProps) {
  const { id, state, step, steps, before, after, verdict } = run;
  const toxicity = [before?.toxicity, after?.toxicity].flatMap((value) => value ?? []);
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          checked={isChosen}
          aria-label={say('choose', { run: id })}
          onChange={(event) => choose(id, event.currentTarget.checked)}
        />
      </td>
      <th scope="row">
        <a href={hashOf({ view: 'run', run: id })}>{id}</a>
      </th>
      <td>
        <span class={`badge ${state}`}>{say(state)}</span>
      </td>
      <td class="number">
        {step} / {steps}
      </td>
      <td class="wide-only">{clock(run.time)}</td>
      <td class="wide-only model" title={run.model}>
        {run.model && shortPath(run.model)}
      </td>
      <td class="wide-only">{run.algorithm ?? ''}</td>
      <td class="wide-only number">{run.seed ?? ''}</td>
      <td class="number" data-label={say('reward')}>
        {shortNumber(rewardOf(run))}
      </td>
      <td class="number" data-label={say('toxicity')}>
        {toxicity.map(shortNumber).join(' → ')}
      </td>
      <td>{verdict ? say(verdict) : ''}</td>
    </tr>
  );
}
