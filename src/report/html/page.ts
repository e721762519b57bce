/** `report.html`: one file that shows what a run did and what it is worth, and asks the network for nothing. Pure. */
import { createHash } from 'node:crypto';
import { isTraining, type ReportParts, type ReportSamples } from '../facts.ts';
import { verdictWords } from '../verdict.ts';
import { reportWords } from '../words/report.ts';
import type { ReportWords } from '../words/report-words.ts';
import { pageData } from './data.ts';
import { html, Markup } from './markup.ts';
import { distributionsPart, slicesPart, togetherPart } from './measures.ts';
import { limitsPart, recordPart } from './record.ts';
import { samplesPart } from './samples.ts';
import { style } from './style.ts';
import { trainingPart } from './training.ts';
import { verdictPart } from './verdict.ts';
import { whyPart } from './why.ts';

/**
 * The page.
 * @param script what sorts, filters and shows differences; without it the page has no table of samples
 */
export function reportPage(
  parts: ReportParts,
  samples: ReportSamples | undefined,
  script: string | undefined,
): string {
  const { language = 'en', started, comparison } = parts;
  const words = reportWords[language];
  const sections = [
    isTraining(parts) && trainingPart(parts, words),
    samples && distributionsPart(samples, words),
    slicesPart(parts, words),
    whyPart(parts, words),
    samples && togetherPart(samples, parts, words),
    samples && script !== undefined && samplesPart(pageData(samples, words), words),
    limitsPart(parts, words),
    recordPart(parts, words),
  ].filter((section) => section instanceof Markup);
  const title = `${verdictWords(comparison, language)} · ${started.runId}`;
  const page = html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="tactful ${started.version}">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
${verdictPart(parts, words)}
${contents(sections, words)}
<main>
${sections}
</main>
<footer><p>${words.madeBy(started.version)} · ${words.offline}</p></footer>
${script !== undefined && html`<script>${new Markup(script)}</script>`}
</body>
</html>
`;
  return page.text;
}

/** Nothing is fetched, and no script runs but the page's own: should a text ever pass for markup, it does nothing. */
function policy(script: string | undefined): string {
  const hash = createHash('sha256')
    .update(script ?? '')
    .digest('base64');
  const scripts = script === undefined ? "'none'" : `'sha256-${hash}'`;
  return `default-src 'none'; script-src ${scripts}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`;
}

/** Links to the sections, by their headings. */
function contents(sections: readonly Markup[], words: ReportWords): Markup {
  const links = sections.map(({ text }) => {
    const [, id, title] = /<section id="(\w+)"><h2>([^<]*)</.exec(text) ?? [];
    return html`<li><a href="#${id}">${new Markup(title)}</a></li>`;
  });
  return html`<nav aria-label="${words.contents}"><ol>${links}</ol></nav>`;
}
