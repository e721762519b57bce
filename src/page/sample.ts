/** One sample as a dialog: prompt, both responses, what differs, every number. */
import type { PageData, PageSample, Pair, Quantity } from './data.ts';
import { element, find } from './dom.ts';
import { fixed, responseElement, signed, toneOf } from './words.ts';

/** @returns what shows the row-th of the samples that are chosen */
export function sampleDialog(data: PageData, chosen: () => readonly number[]) {
  const dialog = find<HTMLDialogElement>('dialog.sample');
  const { words } = data;
  let shown = 0;

  const button = (text: string, step: number) => {
    const made = element('button', { type: 'button' }, text);
    made.disabled = chosen()[shown + step] === undefined;
    made.addEventListener('click', () => (step === 0 ? dialog.close() : show(shown + step)));
    return made;
  };

  function show(row: number): void {
    const sample = data.samples[chosen()[row]];
    if (!sample) return;
    shown = row;
    const title = element('h3', { id: 'sample-title' }, sample.id);
    const buttons = [button(words.previous, -1), button(words.next, 1), button(words.close, 0)];
    dialog.replaceChildren(
      element('div', { class: 'bar' }, title, ...buttons),
      element('div', { class: 'inside' }, ...inside(sample, data)),
    );
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    buttons[2].focus();
  }

  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowLeft') show(shown - 1);
    if (key === 'ArrowRight') show(shown + 1);
  });
  return show;
}

function inside(sample: PageSample, { words }: PageData): HTMLElement[] {
  const text = (title: string, content: string, kind = '') => [
    element('h4', {}, title),
    element('p', { class: `text ${kind}`, dir: 'auto' }, content === '' ? words.empty : content),
  ];
  const isSame = sample.before === sample.after;
  const both = element(
    'p',
    { class: 'text' },
    isSame ? words.same : responseElement(sample, words),
  );
  return [
    numbers(sample, words),
    element('h4', {}, `${words.before} → ${words.after}`),
    both,
    ...text(words.before, sample.before),
    ...(isSame ? [] : text(words.after, sample.after)),
    ...text(words.prompt, sample.query, 'prompt'),
  ];
}

function numbers(sample: PageSample, words: PageData['words']): HTMLElement {
  const line = (name: string, pair: Pair, style: Quantity) => {
    const [before, after] = pair;
    const change = element('td', { class: toneOf(pair, style) }, signed(after - before, style));
    const cells = [before, after].map((value) => element('td', {}, fixed(value, style)));
    return element('tr', {}, element('th', { scope: 'row' }, name), ...cells, change);
  };
  const own = (['reward', 'toxicity', 'rouge1', 'tokens'] as const).flatMap((name) => {
    const { [name]: pair } = sample;
    return pair ? [line(words.quantities[name], pair, name)] : [];
  });
  const judges = Object.entries(sample.judges ?? {}).map(([name, pair]) =>
    line(name, pair, 'toxicity'),
  );
  const heads = ['', words.before, words.after, words.change].map((text) =>
    element(text === '' ? 'td' : 'th', text === '' ? {} : { scope: 'col' }, text),
  );
  return element(
    'table',
    { class: 'numbers' },
    element('thead', {}, element('tr', {}, ...heads)),
    element('tbody', {}, ...own, ...judges),
  );
}
