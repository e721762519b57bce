/** Curves over the steps, with what guards saw marked on them. Pure. */
import type { GuardedSample, RunMeasures } from '../../events.ts';
import { curvesOf } from '../curves.ts';
import { guardTexts, type ReportParts } from '../facts.ts';
import { fixed, spread } from '../text.ts';
import type { ReportWords } from '../words/report-words.ts';
import { curveChart, type Mark, type Point } from './charts.ts';
import { differenceMarkup } from './difference.ts';
import { drawing, html, jsonMarkup, type Markup } from './markup.ts';

/** More steps than so many cannot be told apart in a chart. */
const mostPoints = 400;

/** Of the measurements in between, what belongs to which curve. */
const held: Readonly<Record<string, (measures: RunMeasures) => number | undefined>> = {
  reward: ({ reward }) => reward.mean,
  toxic: ({ flagged }) => flagged.mean,
  rouge1: ({ rouge1 }) => rouge1?.mean,
};

export function trainingPart(parts: ReportParts, words: ReportWords): Markup {
  const { steps, validated = [], guarded = [] } = parts;
  const marks = guarded.map(({ step }, i) => ({ step, sign: `${i + 1}` }));
  const dotsOf = (key: string) =>
    validated.flatMap((event): Point[] => {
      const value = held[key]?.(event);
      return value === undefined ? [] : [[event.step, value]];
    });
  const curves = curvesOf(steps).map(({ key, digits, value }) => {
    const points = steps.flatMap(({ step, metrics }): Point[] => {
      const number = value(metrics);
      return number === undefined || !Number.isFinite(number) ? [] : [[step, number]];
    });
    return { key, digits, points, dots: dotsOf(key) };
  });
  const rouge = { key: 'rouge1' as const, digits: 4, points: [], dots: dotsOf('rouge1') };
  const told = [...curves, rouge].filter(({ points, dots }) => points.length + dots.length > 1);
  const charts = told.map((curve) => figure(curve, marks, words));
  return html`<section id="training"><h2>${words.titles.training}</h2>
${charts.length === 0 ? html`<p>${steps.length === 0 ? words.noSteps : words.oneStep}</p>` : html`<div class="cards">${charts}</div>`}
${validated.length > 0 && html`<p class="key"><span class="line-key"></span>${words.training.line} <span class="held-key"></span>${words.training.held}</p>`}
${guardPart(parts, words)}
</section>`;
}

interface Figure {
  readonly key: keyof ReportWords['curves'];
  readonly digits: number;
  readonly points: readonly Point[];
  readonly dots: readonly Point[];
}

function figure({ key, digits, points, dots }: Figure, marks: readonly Mark[], words: ReportWords) {
  const values = points.length > 0 ? points : dots;
  const [start, end] = [values[0], values[values.length - 1]].map(([, y]) => fixed(y, digits));
  const name = words.curves[key];
  const label = `${name}: ${start} → ${end}`;
  const xLabel = words.columns.step;
  const line = spread(points, mostPoints);
  const { svg, spots } = curveChart({ label, xLabel, line, dots, marks });
  return html`<figure class="card curve" data-digits="${digits}"><figcaption>${name} <span>${start} → ${end}</span></figcaption>${drawing(svg)}<output></output><script type="application/json">${jsonMarkup(spots)}</script></figure>`;
}

/** What guards saw; the number of an event is its sign in the charts. */
function guardPart(parts: ReportParts, words: ReportWords): Markup | undefined {
  const texts = guardTexts(parts, words);
  if (!texts) return undefined;
  const events = texts.events.map((text, i) => {
    const samples = parts.guarded?.[i].samples ?? [];
    return html`<li>${text}${samples.length > 0 && shown(samples, words)}</li>`;
  });
  return html`<h3>${words.titles.guards}</h3>${texts.said.map((text) => html`<p>${text}</p>`)}
${events.length > 0 && html`<ol class="events">${events}</ol>`}`;
}

function shown(samples: readonly GuardedSample[], words: ReportWords): Markup {
  const items = samples.map(({ response, before }) =>
    before === undefined
      ? html`<li dir="auto">${response || words.page.empty}</li>`
      : html`<li>${differenceMarkup(before, response)}</li>`,
  );
  return html`<details><summary>${words.guards.showing}</summary><ul>${items}</ul></details>`;
}
