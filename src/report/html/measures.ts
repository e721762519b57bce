/** Before against after: distributions, slices, and reward and ROUGE together. Pure. */
import type { Measure, Sample, Slice } from '../../comparison.ts';
import type { ReportParts, ReportSamples } from '../facts.ts';
import { type MeasureTexts, measureTexts, rougeText } from '../measures.ts';
import { signed } from '../text.ts';
import { levelText } from '../verdict.ts';
import { scatterBlocks } from '../why.ts';
import type { Language } from '../words/language.ts';
import { measureNames } from '../words/measures.ts';
import type { ReportWords } from '../words/report-words.ts';
import {
  distributionChart,
  type Interval,
  intervalChart,
  type Point,
  scatterChart,
} from './charts.ts';
import { drawing, html, type Markup } from './markup.ts';
import { blockMarkup } from './why.ts';

interface Shown {
  readonly key: 'toxicity' | 'reward' | 'rouge1' | 'tokens';
  readonly name: (words: ReportWords) => string;
  readonly digits: number;
  readonly better?: 'lower' | 'higher';
  readonly range?: Point;
  readonly whole?: boolean;
}

const shown: readonly Shown[] = [
  {
    ...{ key: 'toxicity', digits: 3, better: 'lower', range: [0, 1] },
    name: ({ page }) => page.quantities.toxicity,
  },
  { key: 'reward', digits: 2, better: 'higher', name: ({ page }) => page.quantities.reward },
  {
    ...{ key: 'rouge1', digits: 3, better: 'higher', range: [0, 1] },
    name: ({ page }) => page.quantities.rouge1,
  },
  { key: 'tokens', digits: 1, whole: true, name: ({ page }) => page.quantities.tokens },
];

/** How the numbers are spread over the responses, before and after. */
export function distributionsPart(samples: ReportSamples, words: ReportWords): Markup {
  const cards = shown.flatMap(({ key, name, range, whole = false }) => {
    const values = (of: readonly Sample[]) => of.flatMap((sample) => sample[key] ?? []);
    const [before, after] = [values(samples.before), values(samples.after)];
    if (before.length === 0 || after.length === 0) return [];
    const label = `${words.titles.distributions}: ${name(words)}`;
    const svg = distributionChart({ label, before, after, whole, ...(range && { range }) });
    return [
      html`<figure class="card"><figcaption>${name(words)}</figcaption>${drawing(svg)}</figure>`,
    ];
  });
  return html`<section id="distributions"><h2>${words.titles.distributions}</h2>
<p class="lead">${words.distributions}</p>
<p class="key"><span class="before-key"></span>${words.columns.before} <span class="line-key"></span>${words.columns.after}</p>
<div class="cards">${cards}</div></section>`;
}

/** A forest plot a measure, a line a slice; the numbers in tables below. */
export function slicesPart(
  { comparison, language = 'en' }: Pick<ReportParts, 'comparison' | 'language'>,
  words: ReportWords,
): Markup {
  const { slices } = comparison;
  const cards = shown.flatMap((one) => {
    const intervals = slices.flatMap((slice) => {
      const measure = slice[one.key];
      return measure === undefined ? [] : [interval(slice, measure, one, words)];
    });
    if (intervals.length === 0) return [];
    const title = `${one.name(words)}: ${words.columns.change}`;
    const svg = intervalChart(title, intervals);
    return [html`<figure class="card"><figcaption>${title}</figcaption>${drawing(svg)}</figure>`];
  });
  const level = levelText(comparison);
  const tables = slices.map((slice, i) =>
    sliceTable(slice, measureTexts(slice, { language }), {
      level,
      words,
      language,
      isOpen: i === 0,
    }),
  );
  const how = words.how.replaceAll('**', '');
  return html`<section id="slices"><h2>${words.titles.slices}</h2>
<p class="lead">${words.ofHtml}</p><div class="cards">${cards}</div>
${tables}<p class="note">${how} ${comparison.rouge && rougeText(comparison.rouge, language)}</p></section>`;
}

function interval(
  slice: Slice,
  { difference }: Measure,
  { digits, better }: Shown,
  words: ReportWords,
): Interval {
  const { mean, low, high } = difference;
  const name = `${words.slice(slice.name, slice.by)} · ${words.prompts(slice.n)}`;
  const text = `${signed(mean, digits)} [${signed(low, digits)}, ${signed(high, digits)}]`;
  return { name, text, mean, low, high, tone: tone(difference, better) };
}

function tone(
  { low, high, level, pValue }: Measure['difference'],
  better: Shown['better'],
): Interval['tone'] {
  if ((low <= 0 && high >= 0) || pValue >= 1 - level) return 'open';
  if (better === undefined) return 'changed';
  return high < 0 === (better === 'lower') ? 'better' : 'worse';
}

interface TableOptions {
  readonly level: string;
  readonly words: ReportWords;
  readonly language: Language;
  readonly isOpen: boolean;
}

function sliceTable(
  slice: Slice,
  measures: readonly MeasureTexts[],
  { level, words, language, isOpen }: TableOptions,
): Markup {
  const { columns } = words;
  const rows = measures.map(
    (
      m,
    ) => html`<tr class="${m.outcome}"><th scope="row">${m.name === measureNames[language].flagged ? words.flagged : m.name}</th>
<td>${m.before} <small>${m.spreadBefore}</small></td><td>${m.after} <small>${m.spreadAfter}</small></td>
<td class="by">${m.change}</td><td>${m.interval}</td><td>${m.p}</td></tr>`,
  );
  const heads = [columns.before, columns.after, columns.change, columns.interval(level), columns.p];
  const name = `${words.slice(slice.name, slice.by)}: ${words.prompts(slice.n)}`;
  return html`<details${isOpen && ' open'}><summary>${name}</summary>
<div class="wide" tabindex="0" role="region" aria-label="${name}"><table class="numbers"><thead><tr><th scope="col">${columns.measure}</th>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div></details>`;
}

/** What the reward gained against what ROUGE lost, response by response; nothing where ROUGE was not measured. */
export function togetherPart(
  samples: ReportSamples,
  { why, language = 'en' }: Pick<ReportParts, 'why' | 'language'>,
  words: ReportWords,
): Markup | undefined {
  const points = samples.before.flatMap((before, i): Point[] => {
    const after = samples.after[i];
    if (before.rouge1 === undefined || after?.rouge1 === undefined) return [];
    return [[after.reward - before.reward, after.rouge1 - before.rouge1]];
  });
  if (points.length === 0) return undefined;
  const { quarters, axes } = words;
  const names = [quarters.both, quarters.rougeOnly, quarters.neither, quarters.paid] as const;
  const svg = scatterChart({
    ...{ label: words.titles.together, xLabel: axes.reward, yLabel: axes.rouge1 },
    ...{ points, quarters: names },
  });
  const blocks = why?.scatter ? scatterBlocks(why.scatter, language) : [];
  return html`<section id="together"><h2>${words.titles.together}</h2><p class="lead">${words.together}</p>
<div class="pair"><figure class="card">${drawing(svg)}</figure>
<div>${blocks.map(blockMarkup)}</div></div></section>`;
}
