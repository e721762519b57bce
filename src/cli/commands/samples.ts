import { z } from 'zod';
import {
  foundRollouts,
  rolloutOrders,
  rolloutsText,
  sortedRollouts,
} from '../../report/rollouts.ts';
import { counted } from '../../report/text.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { folder } from '../options.ts';

const options = z.strictObject({
  step: z.int().positive().optional().describe('Step, counted from 1 (default: the last one)'),
  sort: z.enum(rolloutOrders).default('row').describe('By what: the least comes first'),
  descending: z.boolean().default(false).describe('The most comes first'),
  search: z.string().min(1).optional().describe('Only those with this in prompt or response'),
  limit: z.int().positive().default(10).describe('How many to show'),
  as: z
    .enum(['ragas'])
    .optional()
    .describe('Write files instead, in the layout of data sets of RAGAS 0.4'),
  output: folder('Folder of these files (default: that of the run)').optional(),
});
type Context = CommandContext<z.infer<typeof options>>;

export const samples = defineCommand({
  name: 'samples',
  summary: 'Show what a run learnt from: the responses of a step, with what was said of them.',
  description:
    'Reads what the run keeps in rollouts/, also while it trains. --as ragas writes the answers of a ' +
    'finished run to its held-out prompts, ragas-before.jsonl and ragas-after.jsonl, a line a dialogue: ' +
    'user_input is the prompt, which is also the context; response the first response, ' +
    'multi_responses all where there are several; reference the first summary of the data.',
  examples: [
    ['tactful samples runs/RUN', 'responses of the last step'],
    ['tactful samples runs/RUN --step 10 --sort score', 'of step 10, the worst first'],
    ['tactful samples runs/RUN --sort kl --descending --search sorry', 'those far from the start'],
    ['tactful samples runs/RUN --as ragas', 'files beside the others of the run'],
  ],
  arguments: [{ name: 'run', description: 'Folder of the run', required: true }],
  options: options
    .refine(({ as, output }) => as !== undefined || output === undefined, {
      path: ['output'],
      error: 'needs `as`',
    })
    .refine(({ as, step }) => as === undefined || step === undefined, {
      path: ['step'],
      error: 'has nothing to do with `as`',
    }),
  run: (context) => (context.options.as === undefined ? show(context) : writeFiles(context)),
});

async function show({ arguments: [run], options: how, json, print, screen }: Context) {
  const { stepRollouts } = await import('../read-rollouts.ts');
  const { step, steps, rows } = await stepRollouts(run, how.step);
  const found = how.search === undefined ? rows : foundRollouts(rows, how.search);
  const sorted = sortedRollouts(found, { order: how.sort, descending: how.descending });
  const shown = sorted.slice(0, how.limit);
  if (json) {
    const kept = { first: steps[0], last: steps.at(-1) };
    print(JSON.stringify({ directory: run, step, kept, found: found.length, rows: shown }));
    return;
  }
  const matching = how.search === undefined ? '' : `, ${found.length} with "${how.search}"`;
  const by = how.sort === 'row' ? '' : `, by ${how.sort}`;
  const few = shown.length < found.length ? `, the first ${shown.length}` : '';
  print(`step ${step}: ${counted(rows.length, 'response')}${matching}${by}${few}\n`);
  print(rolloutsText(shown, screen.width));
}

async function writeFiles({ arguments: [run], options: how, json, ...context }: Context) {
  const { signal, note, print } = context;
  const { writeRagas } = await import('../../jobs/detox/ragas.ts');
  const { files, notes } = await writeRagas(run, { output: how.output, signal });
  notes.forEach(note);
  const lines = files.map(({ path, rows }) => `${path}: ${counted(rows, 'line')}`);
  print(json ? JSON.stringify({ files, notes }) : lines.join('\n'));
}
