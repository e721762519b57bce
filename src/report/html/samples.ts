/** The frame of the table of all samples, which the page's script fills. Pure. */
import type { PageData } from '../../page/data.ts';
import type { ReportWords } from '../words/report-words.ts';
import { html, jsonMarkup, type Markup } from './markup.ts';

export function samplesPart(data: PageData, words: ReportWords): Markup {
  const { table, titles, page } = words;
  const groups = [...new Set(data.samples.flatMap(({ group }) => group ?? []))].toSorted();
  const hasRouge = data.samples.some(({ rouge1 }) => rouge1);
  const isThere = ([name]: readonly [string, string]) =>
    (hasRouge || !/rouge|both|paid/i.test(name)) && (groups.length > 0 || name !== 'group');
  const options = (named: Readonly<Record<string, string>>) =>
    Object.entries(named)
      .filter(isThere)
      .map(([name, text]) => html`<option value="${name}">${text}</option>`);
  const heads = [
    ['id', 'id', 'id'],
    ...(groups.length > 0 ? [['group', table.group, 'group']] : []),
    ['reward', page.quantities.reward, 'reward-change'],
    ['toxicity', page.quantities.toxicity, 'toxicity-change'],
    ...(hasRouge ? [['rouge1', page.quantities.rouge1, 'rouge1-change']] : []),
    ['tokens', page.quantities.tokens, 'tokens-change'],
  ].map(
    ([name, text, order]) =>
      html`<th scope="col" class="${name}"><button type="button" data-order="${order}">${text}</button></th>`,
  );
  return html`<section id="samples"><h2>${titles.samples}</h2>
<noscript><p>${table.script}</p></noscript>
<div class="browser" hidden>
<form class="filters" role="search" aria-label="${titles.samples}">
<label class="search">${table.search}<input type="search" name="text" autocomplete="off" spellcheck="false"></label>
${groups.length > 0 && html`<label>${table.group}<select name="group"><option value="">${table.all}</option>${groups.map((name) => html`<option>${name}</option>`)}</select></label>`}
<label>${table.change}<select name="change">${options(table.changes)}</select></label>
<label>${table.flag}<select name="flag">${options(table.flags)}</select></label>
<label>${table.order}<select name="order">${options(table.orders)}</select></label>
<label class="check"><input type="checkbox" name="descending" checked>${table.reversed}</label>
</form>
<p class="count"><span role="status"></span> <span class="legend">${table.legend}</span></p>
<div class="window" tabindex="0" role="region" aria-label="${titles.samples}">
<table class="samples"><thead><tr>${heads}<th scope="col" class="response">${table.response}</th></tr></thead><tbody></tbody></table></div>
</div>
<dialog class="sample" aria-labelledby="sample-title"></dialog>
<script type="application/json" id="data">${jsonMarkup(data)}</script></section>`;
}
