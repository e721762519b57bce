/** Why samples gain, on the page. Pure. */
import type { ReportParts } from '../facts.ts';
import { type Block, paretoBlocks, whyBlocks } from '../why.ts';
import type { ReportWords } from '../words/report-words.ts';
import { html, type Markup } from './markup.ts';

/** What was found, what was counted and the pairs that show it; nothing without samples. */
export function whyPart(
  { why, pareto, language = 'en' }: ReportParts,
  words: ReportWords,
): Markup | undefined {
  if (!why) return undefined;
  const blocks = [...whyBlocks(why, language), ...(pareto ? paretoBlocks(pareto, language) : [])];
  return html`<section id="why"><h2>${words.titles.why}</h2>${blocks.map(blockMarkup)}</section>`;
}

/** A block as HTML; the sentences of a list are read as such. */
export function blockMarkup(block: Block): Markup {
  if (block.kind === 'heading') return html`<h3>${block.text}</h3>`;
  if (block.kind === 'paragraph') return html`<p class="note">${block.text}</p>`;
  if (block.kind === 'list')
    return html`<ul class="limits">${block.items.map((item) => html`<li>${item}</li>`)}</ul>`;
  const numbers = block.align.filter((side) => side === 'right').length > 1;
  const name = block.head.find((text) => text !== '') ?? '';
  const rows = block.rows.map(([first, ...rest]) => {
    const cells = rest.map((text) => html`<td>${text}</td>`);
    return html`<tr><th scope="row">${first}</th>${cells}</tr>`;
  });
  return html`<div class="wide" tabindex="0" role="region" aria-label="${name}"><table class="${numbers ? 'numbers' : 'facts'}"><thead><tr>${block.head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}
