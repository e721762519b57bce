import { z } from 'zod';
import { textFields } from '../../data/labelled.ts';
import { InputError } from '../../errors.ts';
import { revisionField } from '../../hub/revision.ts';
import { fixed, pad, signed, wrap } from '../../report/text.ts';
import { type CommandContext, defineCommand, type Screen } from '../command.ts';
import { dialogueOptions, readRows, rowOptions, textOptions } from '../data-options.ts';
import { UsageError } from '../errors.ts';
import { readAll } from '../io.ts';
import { located } from '../locate.ts';
import { engineAndRest, engineOptions, file, folder } from '../options.ts';
import { painter } from '../paint.ts';

const options = z.strictObject({
  rewardModel: folder('Classifier (Hugging Face format): folder, or name on the hub'),
  rewardRevision: revisionField('classifier'),
  label: z.string().optional().describe('Show this label alone (default: all)'),
  data: file('Texts to judge: a field of rows, in a file, a folder, or on the hub').optional(),
  dataRevision: revisionField('data'),
  field: z
    .enum(textFields)
    .optional()
    .describe('Field of --data to judge (default: summary, or text where there is none)'),
  samples: z.int().positive().optional().describe('Rows of --data to take, from the first'),
  summaryColumn: dialogueOptions.summaryColumn,
  dialogueColumn: dialogueOptions.dialogueColumn,
  ...textOptions,
  ...rowOptions,
  ...engineOptions,
});
type Context = CommandContext<z.infer<typeof options>>;

/** What the classifier says of one text, by label name. */
interface Score {
  readonly text: string;
  /** None of a regression. */
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly logits: Readonly<Record<string, number>>;
}

/** Texts of one call: results do not depend on it, progress and Ctrl-C do. */
const batchSize = 64;

export const score = defineCommand({
  name: 'score',
  summary: 'Judge texts with a reward model.',
  description:
    'Without a text and --data, every line of the standard input is a text. Shown are the ' +
    'probability and the logit of each label, of a regression its numbers alone; the reward of the ' +
    'training is the logit.',
  examples: [
    ['tactful score --reward-model DIR "You are a clown." "Nice to meet you."', 'two texts'],
    ['tactful score --reward-model DIR --label hate --json < lines.txt', 'JSON, one line each'],
  ],
  arguments: [{ name: 'text', description: 'A text to judge, in quotes', variadic: true }],
  options,
  async run(context) {
    const texts = await readTexts(context);
    const { data: _, dataRevision: __, ...named } = context.options;
    const options = await located(named, context);
    const { json, signal, progress, print, note, screen } = context;
    const { startEngine } = await import('../../runtime/select.ts');
    const { loadClassifier } = await import('../../model/load.ts');
    const { loadTokenizer } = await import('../../family/tokenizer.ts');
    const { rewardModel, label } = options;

    const tokenizer = await loadTokenizer(rewardModel);
    const engine = await startEngine(engineAndRest(options).engine);
    try {
      const classifier = await loadClassifier(engine, rewardModel);
      classifier.notes.forEach(note);
      const { labels, head } = classifier.config;
      const isRegression = head === 'regression';
      if (label !== undefined) classifier.labelIndex(label); // refuses an unknown one
      const shown = label === undefined ? labels : [label];
      const byLabel = (values: ArrayLike<number>) =>
        Object.fromEntries(shown.map((name) => [name, values[labels.indexOf(name)]]));
      const maxLength = Math.min(tokenizer.maxLength, classifier.maxTokens);
      const scores: Score[] = [];
      const total = texts.length;
      const show = (done: number) => {
        if (total > batchSize) progress.update({ phase: 'score', done, total });
      };
      show(0);
      for (let done = 0; done < total && !signal.aborted; done += batchSize) {
        const batch = texts.slice(done, done + batchSize);
        const rows = await classifier.logits(await tokenizer.encodeBatch(batch, { maxLength }));
        rows.forEach((logits, i) => {
          const probabilities = !isRegression && {
            probabilities: byLabel(classifier.scores(logits)),
          };
          scores.push({ text: batch[i], ...probabilities, logits: byLabel(logits) });
          if (json) print(JSON.stringify(scores[scores.length - 1]));
        });
        show(scores.length);
      }
      if (!json) print(table(scores, shown, screen));
    } finally {
      await engine.close();
    }
  },
});

async function readTexts(context: Context): Promise<string[]> {
  const { options, stdin, arguments: words } = context;
  const { data } = options;
  if (words.length > 0 && data !== undefined) {
    throw new UsageError('expected texts or --data, got both.');
  }
  if (words.length > 0) return [...words];
  if (data !== undefined) {
    const { readTexts: read } = await import('../../data/read.ts');
    return (await readRows(read, { ...options, data }, context)).texts;
  }
  if (stdin.isTTY) throw new UsageError('expected a text, --data or lines to read, got nothing.');
  const lines = (await readAll(stdin)).split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length > 0) return lines;
  throw new InputError('standard input', 'a text a line', 'nothing');
}

/** Probability and logit of each label, then the text, as far as the screen is wide. */
function table(scores: readonly Score[], labels: readonly string[], screen: Screen): string {
  const paint = painter(screen.color);
  const isRegression = scores.every(({ probabilities }) => probabilities === undefined);
  const cells = ({ probabilities, logits }: Score) =>
    labels.flatMap((label) => [
      ...(probabilities ? [fixed(probabilities[label], 4)] : []),
      signed(logits[label], 3),
    ]);
  const head = labels.flatMap((label) => (isRegression ? [label] : [label, 'logit']));
  const rows = scores.map(cells);
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i].length)),
  );
  const line = (texts: readonly string[]) => texts.map((text, i) => pad(text, widths[i], 'left'));
  const used = widths.reduce((sum, width) => sum + width + 2, 0);
  const room = Math.max(16, screen.width - used);
  return [
    paint('bold', [...line(head), 'text'].join('  ')),
    ...scores.map(({ text, probabilities }, i) => {
      const [first] = wrap(text, room, 1);
      const row = line(rows[i]);
      if (!probabilities) return [...row, first].join('  ');
      const likeliest = labels.reduce((a, b) => (probabilities[b] > probabilities[a] ? b : a));
      row.forEach((cell, c) => {
        if (c % 2 === 1) row[c] = paint('dim', cell);
        else if (labels[c / 2] === likeliest && labels.length > 1) row[c] = paint('bold', cell);
      });
      return [...row, first].join('  ');
    }),
  ].join('\n');
}
