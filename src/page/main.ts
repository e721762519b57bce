/** The script of report.html: a table that sorts and filters, samples one by one, curves that answer. */
import { followPointer } from './curves.ts';
import type { PageData } from './data.ts';
import { find } from './dom.ts';
import { type Choice, chooser, type Order } from './order.ts';
import { tableRows } from './rows.ts';
import { sampleDialog } from './sample.ts';

for (const figure of document.querySelectorAll<HTMLElement>('.curve')) followPointer(figure);
if (document.querySelector('#data')) showSamples();

function showSamples(): void {
  const data: PageData = JSON.parse(find('#data').textContent ?? '');
  const choose = chooser(data.samples);
  const form = find<HTMLFormElement>('.filters');
  const status = find('.count [role=status]');
  const heads = [...document.querySelectorAll<HTMLElement>('.samples thead [data-order]')];
  let places: readonly number[] = [];
  const open = sampleDialog(data, () => places);
  find<HTMLElement>('.browser').hidden = false;
  const rows = tableRows(find('.window'), data, open);

  const update = () => {
    const choice = choiceIn(form);
    places = choose(choice);
    rows.show(places);
    const { count, nothing } = data.words;
    status.textContent =
      places.length === 0
        ? nothing
        : count
            .replace('{shown}', places.length.toLocaleString('en-US'))
            .replace('{all}', data.samples.length.toLocaleString('en-US'));
    for (const head of heads) {
      const cell = head.closest('th')!;
      if (head.dataset.order !== choice.order) cell.removeAttribute('aria-sort');
      else cell.setAttribute('aria-sort', choice.descending ? 'descending' : 'ascending');
    }
  };

  const order = find<HTMLSelectElement>('[name=order]', form);
  const descending = find<HTMLInputElement>('[name=descending]', form);
  for (const head of heads) {
    head.addEventListener('click', () => {
      const { order: name = '' } = head.dataset;
      descending.checked = order.value === name ? !descending.checked : name.includes('-');
      order.value = name;
      update();
    });
  }
  form.addEventListener('input', update);
  form.addEventListener('submit', (event) => event.preventDefault());
  order.value = 'reward-change';
  update();
}

function choiceIn(form: HTMLFormElement): Choice {
  const fields = new FormData(form);
  const value = (name: string) => `${fields.get(name) ?? ''}`;
  return {
    ...{ text: value('text'), group: value('group'), descending: fields.has('descending') },
    change: value('change') as Choice['change'],
    flag: value('flag') as Choice['flag'],
    order: value('order') as Order,
  };
}
