import { z } from 'zod';
import type { Measure } from '../../comparison.ts';
import { ConfigError } from '../../errors.ts';
import type { LlmJudged } from '../../events.ts';
import { counted, fixed, grouped, pText, signed } from '../../report/text.ts';
import { defineCommand } from '../command.ts';
import { file } from '../options.ts';

const cost = { group: 'Cost' };

const options = z.strictObject({
  endpoint: z
    .string()
    .min(1)
    .meta({ placeholder: 'url' })
    .describe('Server that gets the texts, as OpenAI has it: http://localhost:11434/v1'),
  model: z.string().min(1).describe('What the model is called there'),
  keyVariable: z
    .string()
    .min(1)
    .optional()
    .meta({ placeholder: 'name' })
    .describe(
      'Variable of the environment with the key (default: OPENAI_API_KEY for api.openai.com, else no key is sent)',
    ),
  prompts: z
    .int()
    .positive()
    .optional()
    .describe('Prompts to judge, from the first (default: all)'),
  concurrency: z.int().min(1).max(64).default(4).describe('Prompts at a time'),
  cache: file(
    'Answers, so that none is asked for twice (default: llm-judge.jsonl there)',
  ).optional(),
  budget: z
    .int()
    .positive()
    .default(2_000_000)
    .meta({ ...cost, placeholder: 'tokens' })
    .describe('Most tokens to be spent; then no more is asked'),
  budgetDollars: z
    .number()
    .positive()
    .optional()
    .meta({ ...cost, placeholder: 'n' })
    .describe('Most dollars as well; needs both prices'),
  inputPrice: z
    .number()
    .nonnegative()
    .optional()
    .meta({ ...cost, placeholder: 'n' })
    .describe('Dollars for a million tokens of questions'),
  outputPrice: z
    .number()
    .nonnegative()
    .optional()
    .meta({ ...cost, placeholder: 'n' })
    .describe('Dollars for a million tokens of answers'),
});
type Options = z.infer<typeof options>;

export const llmJudge = defineCommand({
  name: 'llm-judge',
  summary: 'Let an LLM judge the responses of a finished run: faithfulness and coverage.',
  description:
    'Sends prompts, references and responses of the run to a server of your choice, which may keep ' +
    'them: nothing else in tactful does. Three questions a prompt: which points a good summary has, ' +
    'and of the response before and the one after, which of its claims the dialogue supports and ' +
    'which of the points it has. The shares go into the samples and the report, beside ROUGE; the ' +
    'verdict does not read them. After Ctrl-C the same command goes on.',
  examples: [
    ['tactful llm-judge runs/RUN --endpoint http://localhost:11434/v1 --model qwen3:8b', 'at home'],
    [
      'tactful llm-judge runs/RUN --endpoint https://api.openai.com/v1 --model gpt-5-mini --prompts 50',
      'with the key of OPENAI_API_KEY',
    ],
  ],
  arguments: [{ name: 'run', description: 'Folder of the run', required: true }],
  options,
  stopping: 'stopping; what was answered is kept',
  async run({ arguments: [folder], options, signal, progress, note, print, json }) {
    const { judgeRun } = await import('../../jobs/detox/llm-judge.ts');
    const { endpoint: url, model, concurrency, prompts, cache } = options;
    const { event, notes } = await judgeRun(folder, {
      ...{ url, model, concurrency, prompts, cache, signal },
      key: keyOf(options),
      ceiling: ceilingOf(options),
      onProgress: (done, total) => progress.update({ phase: 'judge', done, total }),
    });
    notes.forEach(note);
    print(json ? JSON.stringify(event) : text(event));
  },
});

/** A key is for the server that gave it: OpenAI's is sent to no other unless that is said. */
function keyOf({ endpoint, keyVariable }: Options): string | undefined {
  if (keyVariable === undefined) {
    const isOpenAi = URL.canParse(endpoint) && new URL(endpoint).hostname === 'api.openai.com';
    return isOpenAi ? process.env.OPENAI_API_KEY : undefined;
  }
  const key = process.env[keyVariable];
  if (key) return key;
  const expected = `a variable ${keyVariable} of the environment`;
  throw new ConfigError(
    '`keyVariable`',
    expected,
    'none, or an empty one',
    'Set it, and export it.',
  );
}

function ceilingOf({ budget, budgetDollars, inputPrice, outputPrice }: Options) {
  if (inputPrice === undefined || outputPrice === undefined) {
    if (budgetDollars === undefined) return { tokens: budget };
    const expected = '`inputPrice` and `outputPrice` beside it';
    throw new ConfigError('`budgetDollars`', expected, 'one or none of them');
  }
  const prices = { input: inputPrice, output: outputPrice };
  return { tokens: budget, dollars: budgetDollars, prices };
}

/** What came of it. */
function text({
  judged,
  samples,
  missing,
  why = [],
  asked,
  known,
  tokens,
  dollars,
  slices,
}: LlmJudged) {
  const lost = Object.entries(missing).filter(([, count]) => count > 0);
  const reasons = lost.map(([reason, count]) => `${grouped(count)} ${reason}`).join(', ');
  const price = dollars === undefined ? '' : `, $${fixed(dollars, 4)}`;
  const [all] = slices;
  return [
    ...(['faithfulness', 'coverage'] as const).flatMap((name) => {
      const measure = all?.[name];
      return measure ? [`${name.padEnd(14)}${measureText(measure)}`] : [];
    }),
    `${grouped(judged)} of ${counted(samples, 'response')} judged${reasons && `; ${reasons}`}`,
    ...why.map((reason) => `  ${reason}`),
    `${counted(asked, 'question')} asked, ${grouped(known)} known; ${grouped(tokens.input)} + ${grouped(tokens.output)} tokens${price}`,
  ].join('\n');
}

function measureText({ before, after, difference }: Measure): string {
  const { mean, low, high, pValue, n } = difference;
  const interval = `[${signed(low, 4)}, ${signed(high, 4)}]`;
  const change = `${signed(mean, 4)} ${interval}, ${pText(pValue)}, ${counted(n, 'prompt')}`;
  return `${fixed(before.mean, 4)} → ${fixed(after.mean, 4)}   ${change}`;
}
