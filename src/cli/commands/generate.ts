import { z } from 'zod';
import type { Example } from '../../data/examples.ts';
import { buildPrompts, isModule, promptTemplate, usualPrompt } from '../../data/prompt.ts';
import { InputError } from '../../errors.ts';
import { revisionField } from '../../hub/revision.ts';
import { GenerationConfig } from '../../model/sampling.ts';
import { counted, wrap } from '../../report/text.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { dialogueOptions, lengthOptions, readRows, rowOptions } from '../data-options.ts';
import { startEngineFor } from '../engine.ts';
import { UsageError } from '../errors.ts';
import { readAll } from '../io.ts';
import { located } from '../locate.ts';
import { engineAndRest, engineOptions, file, folder } from '../options.ts';
import { painter } from '../paint.ts';

const sampling = { group: 'Sampling' };
const { sample: _, ...shape } = GenerationConfig.shape;

const options = z.strictObject({
  model: folder('Model (T5 or BART, Hugging Face format): folder, or name on the hub'),
  revision: revisionField('model'),
  adapter: folder('LoRA adapter (PEFT format): folder, .zip, or name on the hub').optional(),
  adapterRevision: revisionField('adapter'),
  prompt: z.string().optional().describe('The prompt, as it is'),
  dialogue: z.string().optional().describe('A dialogue to summarise; the prompt is put around it'),
  data: file('Dialogues to summarise: file, folder, or name on the hub').optional(),
  dataRevision: revisionField('data'),
  promptTemplate,
  samples: z.int().positive().default(10).describe('Dialogues of --data to take, from the first'),
  dialogueColumn: dialogueOptions.dialogueColumn,
  idColumn: dialogueOptions.idColumn,
  ...lengthOptions,
  ...rowOptions,
  greedy: z.boolean().default(false).meta(sampling).describe('Take the likeliest token each time'),
  temperature: shape.temperature.meta(sampling),
  topK: shape.topK.meta(sampling),
  topP: shape.topP.meta(sampling),
  minLength: shape.minLength.meta(sampling),
  minNewTokens: shape.minNewTokens.meta(sampling),
  maxNewTokens: shape.maxNewTokens.meta(sampling),
  seed: z.int().nonnegative().default(0).meta(sampling).describe('Same seed, same responses'),
  ...engineOptions,
});
type Context = CommandContext<z.infer<typeof options>>;

interface Prompt {
  readonly id?: string;
  readonly query: string;
}

/** Prompts of one call: results do not depend on it, progress and Ctrl-C do. */
const batchSize = 16;

export const generate = defineCommand({
  name: 'generate',
  summary: 'Let a policy answer prompts or summarise dialogues.',
  description: 'Without --prompt, --dialogue and --data, the standard input is the prompt.',
  examples: [
    ['tactful generate --model DIR --dialogue "A: Hi! B: Hello."', 'one summary'],
    ['tactful generate --model DIR --data test.csv --samples 5 --json', 'JSON, one line each'],
  ],
  options,
  async run(context) {
    const prompts = await readPrompts(context);
    const { signal, progress } = context;
    const { data: _, dataRevision: __, ...named } = context.options;
    const options = await located(named, context);
    const { loadPolicy } = await import('../../model/load.ts');
    const { loadTokenizer } = await import('../../family/tokenizer.ts');
    const { greedy, model, adapter, seed } = options;
    const { temperature, topK, topP, minLength, minNewTokens, maxNewTokens } = options;
    const lengths = { minLength, minNewTokens, maxNewTokens };
    const config = { sample: !greedy, temperature, topK, topP, ...lengths };

    const tokenizer = await loadTokenizer(model);
    const engine = await startEngineFor({ model }, engineAndRest(options).engine, context);
    try {
      const { policy, notes } = await loadPolicy(engine, { model, adapter });
      notes.forEach(context.note);
      const total = prompts.length;
      const show = (done: number) => {
        if (total > batchSize) progress.update({ phase: 'generate', done, total });
      };
      show(0);
      for (let done = 0; done < total && !signal.aborted; done += batchSize) {
        const batch = prompts.slice(done, done + batchSize);
        const ids = await tokenizer.encodeBatch(batch.map(({ query }) => query));
        const draw = { seed, key: ['generate'], rows: batch.map((_, i) => done + i) };
        const generations = await policy.generate(ids, config, draw, { signal });
        const texts = await tokenizer.decodeBatch(generations.map(({ response }) => response));
        batch.forEach((prompt, i) => {
          const { response, truncated } = generations[i];
          const answer = { response: texts[i], tokens: response.length, truncated };
          context.print(format(context, prompt, answer, total));
        });
        show(Math.min(done + batchSize, total));
      }
    } finally {
      await engine.close();
    }
  },
});

async function readPrompts(context: Context): Promise<Prompt[]> {
  const { options, stdin, arguments: words } = context;
  const { prompt, dialogue, data, promptTemplate } = options;
  const given = [prompt, dialogue, data].filter((source) => source !== undefined);
  if (given.length > 1) {
    throw new UsageError(
      `expected one of --prompt, --dialogue and --data, got ${given.length} of them.`,
    );
  }
  if (dialogue === undefined && data === undefined && promptTemplate !== usualPrompt) {
    throw new UsageError('--prompt-template: expected --dialogue or --data with it, got neither.');
  }
  if (prompt !== undefined) return [{ query: prompt }];
  if (dialogue !== undefined) {
    const [query] = await buildPrompts([{ dialogue }], promptTemplate);
    return [{ query }];
  }
  if (data !== undefined) {
    const { readExamples } = await import('../../data/read.ts');
    const { isWithin } = await import('../../data/prepare.ts');
    const { minimumLength: minimum, maximumLength: maximum = Infinity } = options;
    const keep = (row: Example) => isWithin(row.dialogue, { minimum, maximum });
    const keepsRows = isModule(promptTemplate);
    const asked = { ...options, data, keep, summaries: 'ignored', keepsRows } as const;
    const { examples, rows } = await readRows(readExamples, asked, context);
    if (examples.length === 0) {
      const expected = 'dialogues of the lengths that are asked for';
      throw new InputError(data, expected, `none in ${counted(rows, 'row')}`);
    }
    const queries = await buildPrompts(examples, promptTemplate);
    return examples.map(({ id }, i) => ({ id, query: queries[i] }));
  }
  const text = stdin.isTTY || words.length > 0 ? '' : await readAll(stdin);
  if (text.trim() !== '') return [{ query: text }];
  throw new UsageError('expected --prompt, --dialogue, --data or a text to read, got nothing.');
}

interface Answer {
  readonly response: string;
  readonly tokens: number;
  readonly truncated: boolean;
}

/** One response alone is printed bare, for pipes; several have a heading each. */
function format({ json, screen }: Context, prompt: Prompt, answer: Answer, n: number): string {
  if (json) return JSON.stringify({ ...prompt, ...answer });
  if (n === 1) return answer.response;
  const paint = painter(screen.color);
  const cut = answer.truncated ? ', cut off' : '';
  const note = paint('dim', `· ${counted(answer.tokens, 'token')}${cut}`);
  const text = wrap(answer.response, screen.width - 2).map((line) => `  ${line}`);
  return [`${paint('bold', prompt.id ?? '')} ${note}`, ...text, ''].join('\n');
}
