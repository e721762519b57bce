/** What one policy was measured to do, as text for a terminal and as `report.md`. Pure. */
import type { Estimate, Estimated } from '../../comparison.ts';
import type { JobEvent } from '../../events.ts';
import { fixed, oneLine } from '../text.ts';
import { type EvaluationWords, evaluationWords } from '../words/evaluation.ts';
import type { Language } from '../words/language.ts';
import { columns } from './columns.ts';
import { markdownTable } from './markdown-table.ts';

/** Measures that are shares, and shown in percent. */
const shares = ['flagged', 'truncated', 'empty', 'copied'];
/** Digits of others; 4 where nothing is said. */
const digits: Readonly<Record<string, number>> = { reward: 3, tokens: 1, perplexity: 2, kl: 3 };

/** Every measure of every slice, a block each. */
export function evaluationTables(
  slices: readonly Estimated[],
  { language = 'en', bold = String }: { language?: Language; bold?(text: string): string } = {},
): string {
  const words = evaluationWords[language];
  const blocks = slices.map((slice) => {
    const [head, ...rows] = columns(tableOf(slice, words));
    return [`${bold(nameOf(slice, words))} · ${words.prompts(slice.n)}`, head, ...rows].join('\n');
  });
  return blocks.join('\n\n');
}

/** `report.md` of one policy that was measured alone, by its name; undefined without an end. */
export function evaluationFiles(
  events: readonly JobEvent[],
  language: Language,
): Record<string, string> | undefined {
  const started = events.find((event) => event.type === 'started');
  const measured = events.find((event) => event.type === 'evaluated' && event.when === 'after');
  const isOver = events.some(({ type }) => type === 'finished');
  if (started?.type !== 'started' || !measured || !isOver) return undefined;
  const words = evaluationWords[language];
  const { model, adapter } = started.config;
  const { slices } = measured as typeof measured & { readonly slices: readonly Estimated[] };
  const text = [
    `# ${words.policy} ${oneLine([model, adapter].filter(Boolean).join(' + '))}`,
    ...slices.flatMap((slice) => [
      `## ${nameOf(slice, words)}: ${words.prompts(slice.n)}`,
      markdownTable(tableOf(slice, words)),
    ]),
    words.note,
    '```sh\nnpx tactful evaluate --config config.yaml\n```',
  ];
  return { 'report.md': `${text.join('\n\n')}\n` };
}

function nameOf({ name }: Estimated, { all }: EvaluationWords): string {
  return name === 'all' ? all : oneLine(name);
}

function tableOf({ estimates, distinct2 }: Estimated, words: EvaluationWords): string[][] {
  const [{ level }] = estimates;
  const percent = `${Number((100 * level).toFixed(2))} %`;
  return [
    [words.measure, words.mean, words.deviation, words.interval(percent)],
    ...estimates.map((estimate) => rowOf(estimate, words)),
    [words.measures.distinct2, fixed(distinct2, 4), '', ''],
  ];
}

function rowOf(estimate: Estimate, { measures }: EvaluationWords): string[] {
  const { measure, judge, mean, std, low, high } = estimate;
  const isShare = shares.includes(measure);
  const text = (value: number) =>
    isShare ? `${fixed(100 * value, 1)} %` : fixed(value, digits[measure] ?? 4);
  const ends = `[${[low, high].map((end) => text(end)).join(', ')}]`;
  return [judge ?? measures[measure] ?? measure, text(mean), isShare ? '' : text(std), ends];
}
