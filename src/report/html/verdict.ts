/** The top of the page: the verdict, why, and the numbers that it rests on. Pure. */
import type { Verdict } from '../../comparison.ts';
import type { ReportParts } from '../facts.ts';
import { labText } from '../lab.ts';
import { type MeasureTexts, measureTexts } from '../measures.ts';
import { levelText, verdictReason, verdictWords } from '../verdict.ts';
import type { ReportWords } from '../words/report-words.ts';
import { html, type Markup } from './markup.ts';

/** A sign beside the words: colour alone tells not everybody. */
const signs: Readonly<Record<Verdict, string>> = {
  improved: '✓',
  'improved at a cost': '!',
  'no provable change': '≈',
  worse: '✕',
};

export function verdictPart(parts: ReportParts, words: ReportWords): Markup {
  const { comparison, started, language = 'en' } = parts;
  const { verdict, slices } = comparison;
  const reason = verdictReason(comparison, language);
  const tone = verdict.replaceAll(' ', '-');
  return html`<header class="verdict ${tone}">
<p class="run">${words.titles.run(started.runId)} <span>${started.time.slice(0, 10)}</span> <span>${words.madeBy(started.version)}</span></p>
<h1><span class="sign" aria-hidden="true">${signs[verdict]}</span>${verdictWords(comparison, language)}</h1>
<p class="reason">${reason.slice(0, 1).toUpperCase() + reason.slice(1)}</p>
<p class="note">${labText(comparison, language)}</p>
<dl class="tiles">${measureTexts(slices[0], { language, brief: true }).map((measure) => tile(measure, words, levelText(comparison)))}</dl>
</header>`;
}

function tile(measure: MeasureTexts, words: ReportWords, level: string): Markup {
  const { name, before, after, change, interval, outcome } = measure;
  const { columns } = words;
  const ends =
    interval === '' ? '' : html`<small title="${columns.interval(level)}">${interval}</small>`;
  return html`<div class="tile ${outcome}"><dt>${name}</dt>
<dd><span class="from"><span class="hidden">${columns.before} </span>${before} <span aria-hidden="true">→</span></span> <strong><span class="hidden">${columns.after} </span>${after}</strong>
<span class="by">${change} ${ends}</span></dd></div>`;
}
