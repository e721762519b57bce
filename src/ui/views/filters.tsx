/** I/O: what chooses and sorts samples; each choice stands in the address. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { RunSummary } from '../../api.ts';
import { found } from '../listing.ts';
import { runsOf, textOfRuns } from '../route.ts';
import { ask, route, say } from '../state.ts';
import type { Word } from '../words/words.ts';
import { useAnswer } from './answer.tsx';

/** What the address asks for under this name. */
export function askedFor(name: string): string {
  return route.value.asked?.[name] ?? '';
}

/** Those of the names that the address has, as the server takes them. */
export function searchOf(names: readonly string[], always: Readonly<Record<string, string>>) {
  const given = names.flatMap((name) => {
    const value = askedFor(name);
    return value === '' ? [] : [[name, value]];
  });
  return new URLSearchParams({ ...always, ...Object.fromEntries(given) }).toString();
}

interface FieldProps {
  readonly name: string;
  readonly label: Word;
  readonly kind?: 'search' | 'number';
  readonly hint?: Word;
}

/** A field whose text goes into the address a moment after it was typed. */
export function Field({ name, label, kind = 'search', hint }: FieldProps) {
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<number>(0);
  const value = askedFor(name);
  useEffect(() => {
    // the address was changed by something else than this field
    const input = field.current;
    if (input && document.activeElement !== input) input.value = value;
  }, [value]);
  const typed = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => ask({ [name]: field.current?.value ?? '' }), 200);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <label>
      {say(label)}
      <input
        ref={field}
        inputMode={kind === 'number' ? 'decimal' : 'search'}
        type="search"
        name={name}
        defaultValue={value}
        placeholder={hint && say(hint)}
        onInput={typed}
      />
    </label>
  );
}

/** Which runs, found by words; none chosen are all. */
export function RunChoice() {
  const { answer: runs = [] } = useAnswer<readonly RunSummary[]>('/api/runs');
  const [words, setWords] = useState('');
  const folded = useRef<HTMLDetailsElement>(null);
  const chosen = runsOf(askedFor('runs'));
  const shown = found(runs, words);
  const toggle = (id: string, isChosen: boolean) => {
    const others = chosen.filter((run) => run !== id);
    ask({ runs: textOfRuns(isChosen ? [...others, id] : others) });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { current } = folded;
    if (event.key !== 'Escape' || !current?.open) return;
    if (words !== '') return setWords('');
    current.open = false;
    current.querySelector('summary')?.focus();
  };
  return (
    <details class="choice" ref={folded} onKeyDown={onKeyDown}>
      <summary>
        {chosen.length === 0
          ? say('allRuns')
          : chosen.length === 1
            ? chosen[0]
            : say('someRuns', { count: chosen.length })}
      </summary>
      <fieldset>
        <legend>{say('runs')}</legend>
        <label class="search">
          {say('find')}
          <input
            type="search"
            name="find-run"
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
        </label>
        <p role="status" class="quiet">
          {shown.length === 0
            ? say(runs.length === 0 ? 'noRuns' : 'noMatch')
            : say('runsShown', { count: shown.length, all: runs.length })}
        </p>
        {shown.map(({ id }) => (
          <label key={id}>
            <input
              type="checkbox"
              name="run"
              value={id}
              checked={chosen.includes(id)}
              onChange={(event) => toggle(id, event.currentTarget.checked)}
            />
            {id}
          </label>
        ))}
      </fieldset>
    </details>
  );
}

export interface Sorting {
  readonly by: string;
  readonly descending: boolean;
}

/** How the address sorts, or else as here. */
export function sortingOf(usual: Sorting): Sorting {
  const by = askedFor('sort');
  return by === '' ? usual : { by, descending: askedFor('descending') === '1' };
}

interface HeadProps {
  readonly label: Word;
  /** The name by which the server sorts. */
  readonly by: string;
  readonly sorting: Sorting;
}

/** The head of a column by which the list can be sorted: first the largest on top, then the smallest. */
export function SortHead({ label, by, sorting }: HeadProps) {
  const isSorted = sorting.by === by;
  const next = !(isSorted && sorting.descending);
  const direction = sorting.descending ? 'descending' : 'ascending';
  return (
    <th scope="col" class={`number ${by}`} aria-sort={isSorted ? direction : 'none'}>
      <button
        type="button"
        class="sort"
        onClick={() => ask({ sort: by, descending: next ? '1' : '0' })}
      >
        {say(label)}
        <span aria-hidden="true">{isSorted ? (sorting.descending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
}
