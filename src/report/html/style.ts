/** How the page looks: light and dark, wide and narrow, on screen and on paper. */

const colors = `
:root {
  color-scheme: light dark;
  --paper: #f7f7f5; --card: #ffffff; --ink: #1d1f23; --muted: #5c626b; --rule: #e6e6e2; --axis: #9a9fa8;
  --before: #6f7682; --before-fill: #c3c8d0; --after: #3b4cca; --held: #b45309; --mark: #b3261e;
  --better: #17713f; --worse: #b3261e; --changed: #7a5200; --open: #5c626b;
  --gone: #fbe3e1; --gone-ink: #8c1d18; --new: #dcf3e4; --new-ink: #0f5c31;
  --shadow: 0 1px 2px rgb(20 22 28 / 6%), 0 0 0 1px rgb(20 22 28 / 6%);
  --tone: var(--open); --focus: #3b4cca;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131417; --card: #1b1d21; --ink: #e9eaed; --muted: #a4aab4; --rule: #2c2f35; --axis: #6b717c;
    --before: #9aa1ad; --before-fill: #4b515c; --after: #9db0ff; --held: #f0a65a; --mark: #ff8a80;
    --better: #6fd49a; --worse: #ff8a80; --changed: #e8b84a; --open: #a4aab4;
    --gone: #4a1f1d; --gone-ink: #ffb4ab; --new: #143a25; --new-ink: #9be8b9;
    --shadow: 0 0 0 1px rgb(255 255 255 / 8%); --focus: #9db0ff;
  }
}`;

const base = `
* { box-sizing: border-box; }
html { scroll-padding-top: 4rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 78rem; padding: 0 clamp(1rem, 4vw, 2.5rem) 3rem;
  background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Apple SD Gothic Neo", "Noto Sans KR", "Malgun Gothic", sans-serif;
  font-variant-numeric: tabular-nums; text-wrap: pretty;
}
h1, h2, h3 { line-height: 1.2; text-wrap: balance; margin: 0; }
h2 { font-size: 1.5rem; letter-spacing: -.01em; }
h3 { font-size: 1.05rem; margin-top: 1.75rem; }
p { margin: .6rem 0; max-width: 46rem; }
section { margin-top: 3.5rem; }
.lead, .note, .key { color: var(--muted); }
.note { font-size: .875rem; }
a { color: inherit; text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
footer { margin-top: 4rem; border-top: 1px solid var(--rule); color: var(--muted); font-size: .875rem; }
code, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { background: var(--card); box-shadow: var(--shadow); border-radius: 8px; padding: .75rem 1rem; overflow-x: auto; }
code { overflow-wrap: anywhere; }`;

const top = `
.verdict { padding: 2.25rem 0 .5rem; }
.verdict .run { color: var(--muted); font-size: .875rem; margin: 0 0 1.25rem; overflow-wrap: anywhere; }
.verdict .run span::before { content: "·"; margin: 0 .4em; }
.verdict.improved { --tone: var(--better); }
.verdict.improved-at-a-cost { --tone: var(--changed); }
.verdict.worse { --tone: var(--worse); }
h1 { font-size: clamp(2.1rem, 6vw, 3.5rem); font-weight: 750; letter-spacing: -.03em; color: var(--tone); display: flex; gap: .35em; align-items: center; }
.sign { flex: none; display: grid; place-items: center; width: 1.25em; height: 1.25em; font-size: .62em; line-height: 1; border-radius: 50%; color: var(--card); background: var(--tone); letter-spacing: 0; }
.reason { font-size: clamp(1.05rem, 2.2vw, 1.25rem); line-height: 1.5; max-width: 52rem; margin: 1rem 0 1.75rem; }
.costs { margin: -.75rem 0 1.75rem; padding: 0; list-style: none; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .75rem; margin: 0; }
.tile { --tone: var(--open); background: var(--card); box-shadow: var(--shadow); border-radius: 10px; padding: .8rem 1rem .85rem; border-left: 3px solid var(--tone); }
.tile.better { --tone: var(--better); } .tile.worse { --tone: var(--worse); } .tile.changed { --tone: var(--changed); }
.tile dt { color: var(--muted); font-size: .8125rem; }
.tile dd { margin: .1rem 0 0; }
.tile .from { color: var(--muted); }
.tile strong { font-size: 1.35rem; font-weight: 680; letter-spacing: -.01em; }
.tile .by { display: block; color: var(--tone); font-size: .875rem; font-weight: 600; }
.tile small { color: var(--muted); font-weight: 400; font-size: .8125rem; white-space: nowrap; }
nav { position: sticky; top: 0; z-index: 3; background: color-mix(in srgb, var(--paper) 92%, transparent); backdrop-filter: blur(8px); margin: 1.75rem calc(-1 * clamp(1rem, 4vw, 2.5rem)) 0; padding: 0 clamp(1rem, 4vw, 2.5rem); border-bottom: 1px solid var(--rule); }
nav ol { display: flex; gap: 1.4rem; list-style: none; margin: 0; padding: 0; overflow-x: auto; scrollbar-width: none; }
nav a { display: block; padding: .8rem 0; color: var(--muted); text-decoration: none; white-space: nowrap; font-size: .9rem; }
nav a:hover { color: var(--ink); text-decoration: underline; }`;

const charts = `
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20.5rem), 1fr)); gap: 1rem; margin-top: 1rem; }
.card { position: relative; background: var(--card); box-shadow: var(--shadow); border-radius: 10px; padding: .9rem .75rem .6rem; margin: 0; min-width: 0; break-inside: avoid; }
figcaption { padding: 0 .25rem .35rem; font-weight: 620; font-size: .9375rem; display: flex; justify-content: space-between; gap: 1rem; }
figcaption span { color: var(--muted); font-weight: 400; font-size: .8125rem; white-space: nowrap; }
svg.chart { display: block; width: 100%; height: auto; overflow: visible; font-family: inherit; color: var(--muted); }
svg.chart text { white-space: pre; paint-order: stroke; }
.drawing { position: relative; }
.curve output { position: absolute; z-index: 1; pointer-events: none; transform: translate(-50%, -135%); background: var(--ink); color: var(--paper); border-radius: 5px; padding: .1rem .45rem; font-size: .75rem; white-space: nowrap; }
.curve output:empty { display: none; }
.curve .spot { fill: var(--after); stroke: var(--card); stroke-width: 2; }
.pair { display: grid; grid-template-columns: minmax(0, 34rem) minmax(16rem, 1fr); gap: 1.5rem; align-items: start; margin-top: 1rem; }
.key { font-size: .875rem; display: flex; align-items: center; gap: .5rem; flex-wrap: wrap; }
.key span { display: inline-block; width: 1.1rem; height: .8rem; }
.key span + span, .key span:not(:first-child) { margin-left: .75rem; }
.before-key { background: var(--before-fill); border-radius: 2px; }
.line-key { border-top: 3px solid var(--after); transform: translateY(.35rem); }
.held-key { border-top: 3px solid var(--held); transform: translateY(.35rem); }
.events { padding-left: 0; list-style: none; counter-reset: event; }
.events > li { counter-increment: event; margin: .6rem 0; padding-left: 2rem; position: relative; max-width: 52rem; }
.events > li::before { content: counter(event); position: absolute; left: 0; top: .1rem; width: 1.35rem; height: 1.35rem; border-radius: 50%; display: grid; place-items: center; font-size: .8rem; font-weight: 700; color: var(--card); background: var(--mark); }`;

const tables = `
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
.wide { overflow-x: auto; background: var(--card); box-shadow: var(--shadow); border-radius: 10px; padding: .25rem 1rem; }
th { text-align: left; font-weight: 600; }
thead th { color: var(--muted); font-weight: 500; font-size: .8125rem; }
th, td { padding: .45rem .75rem .45rem 0; vertical-align: top; border-bottom: 1px solid var(--rule); }
tbody tr:last-child > * { border-bottom: 0; }
.numbers td, .numbers thead th:not(:first-child) { text-align: right; white-space: nowrap; }
.numbers tbody th { font-weight: 450; }
.numbers small { color: var(--muted); }
.numbers .better .by { color: var(--better); font-weight: 680; }
.numbers .worse .by { color: var(--worse); font-weight: 680; }
.numbers .changed .by { color: var(--changed); font-weight: 680; }
.facts th { width: 13rem; font-weight: 450; color: var(--muted); }
.facts td { overflow-wrap: anywhere; }
details { margin-top: .75rem; }
summary { cursor: pointer; font-weight: 600; padding: .35rem 0; }
.limits { padding-left: 1.1rem; max-width: 52rem; }
.limits li { margin: .45rem 0; }
ins { background: var(--new); color: var(--new-ink); text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: .18em; border-radius: 2px; }
del { background: var(--gone); color: var(--gone-ink); text-decoration: line-through; text-decoration-thickness: 1px; border-radius: 2px; }`;

const browser = `
.filters { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; margin-top: 1rem; }
.filters label { display: grid; grid-template-columns: minmax(0, 1fr); min-width: 0; max-width: 100%; gap: .2rem; color: var(--muted); font-size: .8125rem; }
.filters .search { flex: 1 1 14rem; }
.filters .check { display: flex; align-items: center; gap: .4rem; min-height: 2.3rem; }
input, select, button { font: inherit; font-size: .9rem; color: var(--ink); background: var(--card); border: 1px solid var(--axis); border-radius: 7px; padding: .35rem .6rem; min-height: 2.3rem; max-width: 100%; }
input[type=checkbox] { min-height: 0; width: 1.05rem; height: 1.05rem; accent-color: var(--after); }
button { cursor: pointer; }
button:disabled { opacity: .45; cursor: default; }
.count { color: var(--muted); font-size: .875rem; max-width: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
.window { height: min(44rem, 78vh); overflow: auto; background: var(--card); box-shadow: var(--shadow); border-radius: 10px; overscroll-behavior: contain; }
.samples { table-layout: fixed; font-size: .875rem; }
.samples thead th { position: sticky; top: 0; z-index: 2; background: var(--card); padding: .35rem .5rem; box-shadow: 0 1px 0 var(--rule); border: 0; text-align: right; }
.samples thead .id, .samples thead .group, .samples thead .response { text-align: left; }
.samples thead button { border: 0; background: none; padding: .1rem .25rem; min-height: 1.9rem; color: inherit; font-size: inherit; }
.samples th[aria-sort] button { color: var(--ink); font-weight: 650; }
.samples th[aria-sort=ascending] button::after { content: " ↑"; } .samples th[aria-sort=descending] button::after { content: " ↓"; }
.samples .id { width: 8.5rem; } .samples .group { width: 6rem; } .samples .reward { width: 6.5rem; } .samples .toxicity { width: 6.5rem; } .samples .rouge1 { width: 6.5rem; } .samples .tokens { width: 5.5rem; }
.samples tbody tr { height: var(--row); }
.samples tbody tr.gap { height: 0; }
.samples tbody tr.gap td { padding: 0; border: 0; }
.samples tbody tr:not(.gap) { cursor: pointer; }
.samples tbody tr:not(.gap):hover { background: color-mix(in srgb, var(--after) 7%, transparent); }
.samples tbody td, .samples tbody th { padding: .45rem .5rem; height: var(--row); overflow: hidden; overflow-wrap: anywhere; }
.samples tbody td.number { text-align: right; }
.samples td small { display: block; color: var(--muted); font-size: .75rem; white-space: nowrap; }
.samples .open { border: 0; background: none; padding: 0; min-height: 0; text-align: left; text-decoration: underline; text-underline-offset: .2em; font-weight: 500; font-size: inherit; overflow-wrap: anywhere; }
.clamp { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; line-height: 1.45; }
.up { color: var(--better); } .down { color: var(--worse); }
.difference { white-space: pre-wrap; overflow-wrap: anywhere; }
dialog.sample { border: 0; border-radius: 14px; padding: 0; width: min(56rem, calc(100vw - 2rem)); max-height: calc(100vh - 3rem); background: var(--card); color: var(--ink); box-shadow: 0 16px 60px rgb(0 0 0 / 30%); }
dialog.sample::backdrop { background: rgb(10 11 14 / 45%); }
dialog .inside { padding: 1.25rem clamp(1rem, 3vw, 1.75rem) 1.5rem; }
dialog .bar { position: sticky; top: 0; z-index: 1; display: flex; gap: .5rem; align-items: center; padding: .75rem clamp(1rem, 3vw, 1.75rem); background: var(--card); border-bottom: 1px solid var(--rule); }
dialog .bar h3 { margin: 0 auto 0 0; overflow-wrap: anywhere; }
dialog h4 { margin: 1.25rem 0 .3rem; font-size: .8125rem; font-weight: 500; color: var(--muted); }
dialog .text { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; max-width: none; }
dialog .prompt { color: var(--muted); font-size: .9rem; border-left: 3px solid var(--rule); padding-left: .9rem; }`;

const narrow = `
@media (max-width: 60rem) { .pair { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 52rem) {
  section { margin-top: 2.75rem; }
  .tiles { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .6rem; }
  .tile { padding: .65rem .75rem; } .tile strong { font-size: 1.15rem; }
  .tile small { display: block; }
  .samples thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .samples, .samples tbody { display: block; }
  .samples tbody tr:not(.gap) { display: grid; grid-template-columns: 1fr auto auto auto; gap: 0 .8rem; align-content: start; padding: .6rem .8rem; height: var(--row); border-bottom: 1px solid var(--rule); overflow: hidden; }
  .samples tbody tr.gap, .samples tbody tr.gap td { display: block; }
  .samples tbody tr:not(.gap) > * { padding: 0; border: 0; height: auto; width: auto; }
  .samples tbody .group, .samples tbody .tokens { display: none; }
  .samples tbody td[data-label]::before { content: attr(data-label); display: block; color: var(--muted); font-size: .7rem; }
  .samples tbody td.response { grid-column: 1 / -1; margin-top: .45rem; }
  .samples td small { display: none; }
  .facts th { width: 8rem; }
  .window { height: 75vh; }
}`;

const print = `
@media print {
  :root {
    color-scheme: light; --paper: #fff; --card: #fff; --ink: #111; --muted: #555; --rule: #ddd; --axis: #999;
    --before: #6f7682; --before-fill: #c3c8d0; --after: #3b4cca; --held: #b45309; --mark: #b3261e;
    --better: #17713f; --worse: #b3261e; --changed: #7a5200; --open: #555;
    --gone: #fbe3e1; --gone-ink: #8c1d18; --new: #dcf3e4; --new-ink: #0f5c31; --shadow: 0 0 0 1px #ddd;
  }
  @page { margin: 16mm 14mm; }
  body { max-width: none; padding: 0; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav, .filters, dialog, output, .samples thead button::after { display: none !important; }
  section { margin-top: 1.75rem; }
  h2, h3, figcaption, summary { break-after: avoid; }
  .verdict { padding-top: 0; } h1 { font-size: 30pt; }
  .tiles { grid-template-columns: repeat(4, 1fr); gap: .5rem; } .tile { padding: .5rem .6rem; break-inside: avoid; } .tile strong { font-size: 12pt; }
  .tile small { display: block; }
  .cards { grid-template-columns: repeat(2, 1fr); gap: .75rem; }
  .pair { grid-template-columns: 3fr 2fr; }
  .window { height: auto !important; overflow: visible; }
  .wide { overflow: visible; }
  tr { break-inside: avoid; }
  .samples .open { text-decoration: none; }
  .samples tbody tr:not(.gap), .samples tbody td, .samples tbody th { height: auto; }
  .clamp { -webkit-line-clamp: none; display: block; }
}`;

/** The whole style sheet. */
export const style = [colors, base, top, charts, tables, browser, narrow, print].join('\n');
