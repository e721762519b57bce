/** The table of samples: only the rows that can be seen are there, however many there are. */
import type { PageData, PageSample, Quantity } from './data.ts';
import { element } from './dom.ts';
import { fixed, responseElement, signed, toneOf } from './words.ts';

/** Rows beyond both ends of what can be seen. */
const margin = 6;
/** So many are printed: the files beside the page have all. */
const mostPrinted = 100;
const heights = { wide: 92, narrow: 152 };
const narrow = matchMedia('(max-width: 52rem)');

export interface Rows {
  /** Shows these samples, by their places, from the top. */
  show(places: readonly number[]): void;
}

/** @param open what happens when a row is chosen, by its place among those shown */
export function tableRows(frame: HTMLElement, data: PageData, open: (row: number) => void): Rows {
  const body = frame.querySelector('tbody')!;
  const columns = frame.querySelectorAll('thead th').length;
  const hasGroups = frame.querySelector('thead .group') !== null;
  const quantities = (['reward', 'toxicity', 'rouge1', 'tokens'] as const).filter((name) =>
    frame.querySelector(`thead .${name}`),
  );
  let places: readonly number[] = [];
  let drawn = '';

  const draw = (first: number, last: number, height: number) => {
    const key = `${first}-${last}-${height}`;
    if (key === drawn) return;
    drawn = key;
    const focused = document.activeElement?.closest('tr')?.dataset.row;
    const rows = places.slice(first, last).map((place, i) => row(data.samples[place], first + i));
    const above = gap(first * height, columns);
    const below = gap((places.length - last) * height, columns);
    body.replaceChildren(above, ...rows, below);
    if (focused)
      body
        .querySelector<HTMLElement>(`[data-row="${focused}"] .open`)
        ?.focus({ preventScroll: true });
  };

  const row = (sample: PageSample, at: number) => {
    const { id, sample: which, group = '' } = sample;
    const name = which === undefined ? id : `${id} · ${which + 1}`;
    const button = element('button', { type: 'button', class: 'open' }, name);
    button.setAttribute('aria-label', data.words.open.replace('{id}', name));
    return element(
      'tr',
      { 'data-row': `${at}`, 'aria-rowindex': `${at + 2}` },
      element('th', { scope: 'row', class: 'id' }, button),
      ...(hasGroups ? [element('td', { class: 'group' }, group)] : []),
      ...quantities.map((quantity) => number(sample, quantity)),
      element(
        'td',
        { class: 'response' },
        element('div', { class: 'clamp' }, responseElement(sample, data.words)),
      ),
    );
  };

  const number = (sample: PageSample, name: Quantity) => {
    const { [name]: pair } = sample;
    const attributes = { class: `number ${name}`, 'data-label': data.words.quantities[name] };
    if (!pair) return element('td', attributes);
    const [before, after] = pair;
    const change = element('span', { class: toneOf(pair, name) }, signed(after - before, name));
    const both = `${fixed(before, name)} → ${fixed(after, name)}`;
    return element('td', attributes, change, element('small', {}, both));
  };

  const update = () => {
    const height = narrow.matches ? heights.narrow : heights.wide;
    frame.style.setProperty('--row', `${height}px`);
    const first = Math.max(0, Math.floor(frame.scrollTop / height) - margin);
    const seen = Math.ceil(frame.clientHeight / height) + 2 * margin;
    draw(first, Math.min(places.length, first + seen), height);
  };

  frame.addEventListener('scroll', () => requestAnimationFrame(update), { passive: true });
  narrow.addEventListener('change', update);
  addEventListener('resize', update);
  addEventListener('beforeprint', () => draw(0, Math.min(places.length, mostPrinted), 0));
  addEventListener('afterprint', update);
  body.addEventListener('click', ({ target }) => {
    const chosen = (target as Element).closest<HTMLElement>('tr[data-row]')?.dataset.row;
    if (chosen !== undefined && getSelection()?.isCollapsed !== false) open(Number(chosen));
  });
  return {
    show(next) {
      places = next;
      drawn = '';
      frame.scrollTop = 0;
      frame.querySelector('table')!.setAttribute('aria-rowcount', `${next.length + 1}`);
      update();
    },
  };
}

function gap(height: number, columns: number): HTMLElement {
  const cell = element('td', { colspan: `${columns}` });
  cell.style.height = `${height}px`;
  return element('tr', { class: 'gap', 'aria-hidden': 'true' }, cell);
}
