/** What was run and what to keep in mind: settings, fingerprints, environment, limits. Pure. */
import { caveats, commandOf, type ReportParts, runFacts } from '../facts.ts';
import type { ReportWords } from '../words/report-words.ts';
import { html, type Markup } from './markup.ts';

/** What the numbers cannot say, and what the classifier does not know. */
export function limitsPart(parts: ReportParts, words: ReportWords): Markup {
  const items = caveats(parts, words).map((text) => html`<li>${text}</li>`);
  return html`<section id="limits"><h2>${words.titles.keepInMind}</h2><ul class="limits">${items}</ul></section>`;
}

export function recordPart(parts: ReportParts, words: ReportWords): Markup {
  const { started } = parts;
  const { titles, columns } = words;
  const facts = runFacts(parts, words).map(
    ([name, text]) =>
      html`<tr><th scope="row">${name}</th><td>${text.replaceAll('`', '')}</td></tr>`,
  );
  const settings = Object.entries(started.config).map(
    ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  const prints = Object.entries(started.fingerprints ?? {});
  const [again, record] = [words.again(started.version), words.record].map((text) =>
    text.replaceAll('`', ''),
  );
  return html`<section id="record"><h2>${titles.what}</h2>
<div class="wide" tabindex="0" role="region" aria-label="${titles.what}"><table class="facts"><tbody>${facts}</tbody></table></div>
<details><summary>${titles.settings}</summary><p class="note">${words.allSettings}</p>${pairs(settings, [columns.setting, columns.value], titles.settings)}</details>
${prints.length > 0 && html`<details><summary>${titles.hashes}</summary><p class="note">${words.fingerprintsOf}</p>${pairs(prints, [columns.file, 'SHA-256'], titles.hashes)}</details>`}
<h3>${titles.again}</h3><p>${again}</p><pre tabindex="0">${commandOf(parts)}</pre><p>${record}</p></section>`;
}

function pairs(
  rows: readonly (readonly [string, string])[],
  [left, right]: readonly [string, string],
  name: string,
): Markup {
  const lines = rows.map(
    ([key, value]) => html`<tr><th scope="row">${key}</th><td><code>${value}</code></td></tr>`,
  );
  return html`<div class="wide" tabindex="0" role="region" aria-label="${name}"><table class="facts"><thead><tr><th scope="col">${left}</th><th scope="col">${right}</th></tr></thead><tbody>${lines}</tbody></table></div>`;
}
