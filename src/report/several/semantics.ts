/** A comparison of semantics as text for a terminal, and as `report.md`. Pure. */
import type { Language } from '../words/language.ts';
import { type SeveralWords, semanticsText, severalWords } from '../words/several.ts';
import { verdictWords } from '../words/verdict.ts';
import { columns } from './columns.ts';
import { markdownTable } from './markdown-table.ts';
import { type Semantics, type SemanticsRun, toldMeasure, toldMeasures } from './several.ts';
import { changeText, lastKlText, levelText, movedText } from './texts.ts';

interface Options {
  /** @default 'en' */
  readonly language?: Language | undefined;
}

/** The runs, then what each costs, for a terminal. */
export function semanticsTables(
  semantics: Semantics,
  { language = 'en', bold = String }: Options & { bold?(text: string): string } = {},
): string {
  const words = severalWords[language];
  const [head, ...rows] = columns(runTable(semantics, language));
  const costs = costsOf(semantics).map(({ name, cost }) => [name, shownText(cost, words)]);
  const widest = Math.max(...costs.map(([name]) => name.length));
  return [
    [bold(head), ...rows].join('\n'),
    [bold(words.costs), ...costs.map(([name, text]) => `${name.padEnd(widest)}  ${text}`)].join(
      '\n',
    ),
    ...(semantics.idle.length > 0 ? [words.idle(semantics.idle)] : []),
  ].join('\n\n');
}

/** `report.md` of all of them. */
export function semanticsMarkdown(semantics: Semantics, { language = 'en' }: Options = {}): string {
  const words = severalWords[language];
  const { runs, seed, idle } = semantics;
  const [{ slices = [] }] = runs;
  const [first] = costsOf(semantics);
  const level = levelText(first.cost.slices[0].toxicity);
  return [
    `# ${words.title}`,
    words.intro(runs.length, seed, slices[0].n),
    `## ${words.eachRun}`,
    markdownTable(runTable(semantics, language)),
    `## ${words.costs}`,
    words.note(runs[0].name, level),
    markdownTable(costTable(semantics, words)),
    sentences(semantics, words),
    ...(idle.length > 0 ? [words.idle(idle)] : []),
    words.limits,
  ]
    .join('\n\n')
    .concat('\n');
}

type Costly = SemanticsRun & Required<Pick<SemanticsRun, 'cost'>>;

function costsOf({ runs }: Semantics): Costly[] {
  return runs.filter((run): run is Costly => run.cost !== undefined);
}

function runTable({ runs }: Semantics, language: Language): string[][] {
  const words = severalWords[language];
  const head = [words.run, ...toldMeasures.map((name) => words.measures[name])];
  const rows = runs.map((run) => [
    run.name,
    ...toldMeasures.map((name) => movedText(name, run.slices?.[0][name])),
    lastKlText(run),
    run.verdict ? verdictWords[language].verdicts[run.verdict] : '',
  ]);
  return [[...head, words.lastKl, words.verdict], ...rows];
}

/** A row a run: what it changes of each measure, bold where that is proven. */
function costTable(semantics: Semantics, words: SeveralWords): string[][] {
  const head = [words.run, ...toldMeasures.map((name) => words.measures[name])];
  const rows = costsOf(semantics).map(({ name: run, cost }) => [
    run,
    ...toldMeasures.map((name) => {
      const measure = toldMeasure(cost, name);
      const text = measure ? changeText(name, measure) : '';
      return cost.shows.includes(name) ? `**${text}**` : text;
    }),
  ]);
  return [head, ...rows];
}

/** A sentence a run: in which measures it shows. */
function sentences(semantics: Semantics, words: SeveralWords): string {
  const lines = costsOf(semantics).map((run) => {
    return `- \`${run.name}\` (${semanticsText(run, words)}): ${shownText(run.cost, words)}.`;
  });
  return lines.join('\n');
}

/** `toxicity +0.0120 [+0.0040, +0.0200], ROUGE-1 …`, as far as it is proven. */
function shownText(cost: Costly['cost'], words: SeveralWords): string {
  const parts = cost.shows.flatMap((name) => {
    const measure = toldMeasure(cost, name);
    return measure ? [`${words.measures[name]} ${changeText(name, measure)}`] : [];
  });
  return parts.join(', ') || words.nothing;
}
