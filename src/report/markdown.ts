/** `report.md`: what a run did and what it is worth, as a model card. Pure. */
import type { Comparison, ComparisonRow } from '../comparison.ts';
import type { Note, RunEvent, StepMetrics } from '../events.ts';
import { levelText, measureTexts, rougeText, verdictReason, verdictWords } from './measures.ts';
import {
  byteText,
  counted,
  duration,
  fixed,
  grouped,
  memoryText,
  oneLine,
  signed,
  sparkline,
  spread,
  withoutSharedLines,
  wrap,
} from './text.ts';

type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { readonly type: T }>;

export interface ReportParts {
  readonly started: EventOf<'started'>;
  readonly comparison: Comparison;
  readonly steps: readonly EventOf<'step'>[];
  readonly finished: EventOf<'finished'>;
  /** The measurement that `best/` is from, if there is one. */
  readonly best?: EventOf<'validated'> | undefined;
  /** What the responses and the training showed, beside what the run said as it started. */
  readonly notes?: readonly Note[];
  /** Command that runs the same again, beside `config.yaml`. */
  readonly command?: string;
}

/** The whole report. Texts of the data are escaped: they can hold no Markdown and no HTML. */
export function reportMarkdown({
  started,
  comparison,
  steps,
  finished,
  best,
  notes = [],
  command = 'npx tactful detox --config config.yaml',
}: ReportParts): string {
  return [
    `# Run ${escaped(started.runId)}`,
    `> **${verdictWords(comparison)}:** ${verdictReason(comparison)}`,
    ...['## What was run', runTable({ started, finished, best })],
    ...['## Before and after', slices(comparison)],
    ...['## Training', training(steps)],
    ...['## Responses', responses(comparison)],
    ...['## What to keep in mind', caveats({ started, comparison, notes })],
    ...['## Again', reproduce(started, command)],
  ]
    .join('\n\n')
    .concat('\n');
}

type Align = 'left' | 'right';

function table(head: readonly string[], align: readonly Align[], rows: readonly string[][]) {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = align.map((side) => (side === 'left' ? ':--' : '--:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** The settings that the report names, where the run has them; `config.yaml` holds all. */
const settings: readonly (readonly [title: string, name: string])[] = [
  ['model', 'model'],
  ['adapter', 'adapter'],
  ['reward model', 'rewardModel'],
  ['toxicity model', 'toxicityModel'],
  ['reward of its own', 'reward'],
  ['weight of that', 'rewardWeight'],
  ['weight of the reward model', 'rewardModelWeight'],
  ['data file', 'data'],
  ['algorithm', 'algorithm'],
  ['compat', 'compat'],
  ['corrections left out', 'without'],
  ['weight of ROUGE-1', 'rougeWeight'],
  ['batch size', 'batchSize'],
  ['epochs of a batch', 'ppoEpochs'],
  ['learning rate', 'learningRate'],
  ['KL coefficient', 'initKlCoef'],
  ['seed', 'seed'],
];

/** Settings that say nothing as they are by default. */
const usual: Readonly<Record<string, number>> = {
  rougeWeight: 0,
  rewardWeight: 1,
  rewardModelWeight: 1,
};

/** Whether a setting says something: an empty list and a usual weight do not. */
function isTold(name: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && usual[name] !== value;
}

type RunTable = Pick<ReportParts, 'started' | 'finished' | 'best'>;

function runTable({ started, finished, best }: RunTable): string {
  const { config, data, policyParameters, referenceParameters } = started;
  const { train, validation, test } = data;
  const withheld = validation === undefined ? '' : `, ${grouped(validation)} to validate on`;
  const parameters = ({ trainable, all }: typeof policyParameters) => {
    const share = `${fixed(all === 0 ? 0 : (100 * trainable) / all, 2)} %`;
    return `${grouped(trainable)} trainable of ${grouped(all)} (${share})`;
  };
  return table(
    ['', ''],
    ['left', 'left'],
    [
      ['started', escaped(started.time)],
      ['took', `${duration(finished.seconds)}, ${counted(finished.steps, 'step')}`],
      ...memoryRow({ started, finished }),
      ['tactful', escaped(started.version)],
      ['engine', escaped(started.engine)],
      ['policy', parameters(policyParameters)],
      ['reference', parameters(referenceParameters)],
      ['data', dataText(data)],
      ['split', `${grouped(train)} to train on${withheld}, ${grouped(test)} to test on`],
      ...judgeRows(started),
      ...settings
        .filter(([, name]) => isTold(name, config[name]))
        .map(([title, name]) => [title, escaped([config[name]].flat().join(', '))]),
      ...(best ? [['best adapter', bestText(best)]] : []),
    ],
  );
}

/** Of what reward and toxicity are made; old logs say nothing. */
function judgeRows({ judges, config }: RunTable['started']): string[][] {
  if (!judges) return [];
  const measured = config.toxicityModel === undefined ? 'reward model' : 'toxicity model';
  return [
    ['reward', escaped(judges.sum ?? `${judges.reward} of the reward model`)],
    ['toxicity', escaped(`${judges.toxicity} of the ${measured}`)],
  ];
}

/** `1,500 rows, 1,200 kept by length, 400 different dialogues` */
function dataText({ rows, kept, dialogues }: EventOf<'started'>['data']): string {
  const parts = [counted(rows, 'row'), `${grouped(kept)} kept by length`];
  if (dialogues !== undefined) parts.push(`${grouped(dialogues)} different dialogues`);
  return parts.join(', ');
}

/** What it took, and what was foreseen; logs of earlier versions say nothing. */
function memoryRow({ started, finished }: Pick<RunTable, 'started' | 'finished'>): string[][] {
  const { memory } = started;
  const { peakMemory } = finished;
  if (peakMemory === undefined) return [];
  const foreseen = memory ? `; foreseen ${memoryText(memory)}` : '';
  return [['memory', `${byteText(peakMemory)} at most${foreseen}`]];
}

/** Where it is, and what the withheld dialogues said of it. */
function bestText({ step, reward, toxicity, rouge1 }: EventOf<'validated'>): string {
  const measures = [
    `reward ${fixed(reward.mean, 3)}`,
    `toxicity ${fixed(toxicity.mean, 4)}`,
    ...(rouge1 ? [`ROUGE-1 ${fixed(rouge1.mean, 4)}`] : []),
  ];
  return `\`best/\`, of step ${step}: ${measures.join(', ')} on what was withheld`;
}

function slices(comparison: Comparison): string {
  const head = ['', 'before', 'after', 'change', `${levelText(comparison)} interval`, 'p'];
  const align: Align[] = ['left', 'right', 'right', 'right', 'right', 'right'];
  const blocks = comparison.slices.map((slice) => {
    const rows = measureTexts(slice).map((m) => {
      const name = m.name === 'flagged' ? 'flagged (toxicity ≥ 0.5)' : m.name;
      const change = m.outcome === 'open' ? m.change : `**${m.change}**`;
      const [before, after] = [`${m.before} ${m.spreadBefore}`, `${m.after} ${m.spreadAfter}`];
      return [name, before.trim(), after.trim(), change, m.interval, m.p];
    });
    return `### ${escaped(slice.name)}: ${counted(slice.n, 'prompt')}\n\n${table(head, align, rows)}`;
  });
  const note =
    'Mean ± standard deviation over prompts; change = after − before on the same prompts, with its ' +
    'bootstrap (BCa) interval and sign-flip p-value; **bold** where the interval leaves out 0.';
  const ofRouge = comparison.rouge ? ` ${rougeText(comparison.rouge)}` : '';
  return [...blocks, note + ofRouge].join('\n\n');
}

interface Curve {
  readonly title: string;
  readonly names: readonly string[];
  readonly digits: number;
  /** Above the table as a line as well. @default false */
  readonly drawn?: boolean;
}

/** Columns of the training table: the first of the names that the steps hold. */
const curves: readonly Curve[] = [
  { title: 'reward', names: ['env/reward_mean', 'ppo/mean_scores'], digits: 3, drawn: true },
  { title: 'toxic', names: ['env/toxic_share'], digits: 3, drawn: true },
  { title: 'KL', names: ['objective/kl'], digits: 3, drawn: true },
  { title: 'KL coefficient', names: ['objective/kl_coef'], digits: 4 },
  { title: 'loss', names: ['ppo/loss/total'], digits: 4 },
  { title: 'clipped', names: ['ppo/policy/clipfrac'], digits: 3 },
  { title: 'tokens', names: ['tokens/responses_len_mean'], digits: 1 },
];

function training(steps: readonly EventOf<'step'>[]): string {
  if (steps.length === 0) return 'No training step was recorded.';
  const shown = curves.flatMap(({ names, ...curve }) => {
    const name = names.find((candidate) => steps.some(({ metrics }) => candidate in metrics));
    return name === undefined ? [] : [{ ...curve, name }];
  });
  const text = (metrics: StepMetrics, name: string, digits: number) =>
    name in metrics ? fixed(metrics[name], digits) : '';
  const drawn = shown.filter((curve) => curve.drawn);
  const lines = drawn.map(({ title, name, digits }) => {
    const values = steps.flatMap(({ metrics }) => (name in metrics ? [metrics[name]] : []));
    const ends = `${fixed(values[0], digits)} → ${fixed(values[values.length - 1], digits)}`;
    return `${title.padEnd(6)}  ${sparkline(values)}  ${ends}`;
  });
  const rows = spread(steps, 10).map(({ step, metrics }) => [
    `${step}`,
    ...shown.map(({ name, digits }) => text(metrics, name, digits)),
  ]);
  const head = ['step', ...shown.map(({ title }) => title)];
  const blocks = [`\`\`\`text\n${lines.join('\n')}\n\`\`\``, table(head, head.map(right), rows)];
  return (lines.length > 0 ? blocks : blocks.slice(1)).join('\n\n');
}

const right = (): Align => 'right';

/** The best and the worst of all rows, three of each. */
function responses({ rows, extremes, slices }: Comparison): string {
  const head = ['reward', 'toxicity', 'query', 'before', 'after'];
  const align: Align[] = ['right', 'right', 'left', 'left', 'left'];
  const part = (title: string, some: readonly ComparisonRow[]) =>
    `### ${title}\n\n${table(head, align, rowCells(some))}`;
  const all = counted(slices[0].n, 'prompt');
  const files =
    'All responses are in `samples-before.jsonl` and `samples-after.jsonl`; `comparison.csv` has ' +
    `the first ${counted(rows.length, 'row')} of the test set, best change first.`;
  if (!extremes || slices[0].n <= 2 * extremes.best.length) {
    return [part('All rows, best first', rows), files].join('\n\n');
  }
  const { best, worst } = extremes;
  return [
    part(`Where the reward rose most: ${best.length} of ${all}`, best),
    part(`Where it rose least or fell most: ${worst.length} of ${all}`, worst),
    files,
  ].join('\n\n');
}

function rowCells(rows: readonly ComparisonRow[]): string[][] {
  const queries = withoutSharedLines(rows.map(({ query }) => query));
  return rows.map((row, i) => [
    signed(row.reward_diff, 3),
    `${fixed(row.toxicity_before, 3)} → ${fixed(row.toxicity_after, 3)}`,
    shortened(queries[i], 160),
    shortened(row.response_before, 240),
    shortened(row.response_after, 240),
  ]);
}

type Caveats = Required<Pick<ReportParts, 'started' | 'comparison' | 'notes'>>;

function caveats({ started, comparison, notes }: Caveats): string {
  const { config } = started;
  const [all] = comparison.slices;
  const { n, low, high } = all.toxicity.difference;
  const seed = typeof config.seed === 'number' ? ` (${config.seed})` : '';
  const half = fixed((high - low) / 2, 4);
  const rouge = all.rouge1?.difference;
  const lost = 1 - all.distinct2.after / all.distinct2.before;
  return [
    ...[...(started.notes ?? []), ...notes].map(({ says, remedy = '' }) =>
      escaped(`${says} ${remedy}`.trimEnd()),
    ),
    `${counted(n, 'test prompt')}: the change of mean toxicity is known to about ± ${half}; smaller effects do not show.`,
    `One training run, one seed${seed}: the interval covers the choice of test prompts, not that of training.`,
    'The judge is a classifier. Where the reward comes from the same classifier, its blind spots count as progress.',
    'The verdict rests on toxicity over all prompts alone; the other numbers are not corrected for how many they are.',
    ...(rouge && rouge.high < 0
      ? [`ROUGE-1 fell by ${fixed(-rouge.mean, 4)}: the summaries say less of what they should.`]
      : []),
    ...(lost > 0.2
      ? [`Distinct bigrams fell by ${fixed(100 * lost, 0)} %: the responses have become alike.`]
      : []),
  ]
    .map((caveat) => `- ${caveat}`)
    .join('\n');
}

function reproduce(started: EventOf<'started'>, command: string): string {
  return [
    `\`config.yaml\` beside this file holds what was given, and does the run again. With tactful ${escaped(started.version)}:`,
    `\`\`\`sh\n${command}\n\`\`\``,
    '`events.jsonl` holds every setting as it came out, the seed included, and every number of every step, `comparison.jsonl` and `comparison.csv` the responses.',
  ].join('\n\n');
}

/** At most `width` columns of a text of the data, safe in a table's cell. */
function shortened(text: string, width: number): string {
  return escaped(wrap(text, width, 1)[0]) || '*(empty)*';
}

/** Characters that mean something in Markdown or HTML mean themselves. */
function escaped(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_[\]|~$]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
