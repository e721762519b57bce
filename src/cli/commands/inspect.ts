/** I/O: tells folders from files; `look.ts` looks at them, `inspection.ts` tells what it found. */
import { readdir } from 'node:fs/promises';
import { z } from 'zod';
import { InputError, TactfulError } from '../../errors.ts';
import { parseRepo } from '../../hub/hub-names.ts';
import { revisionField } from '../../hub/revision.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { Told, UsageError } from '../errors.ts';
import { located } from '../locate.ts';
import { file, folder } from '../options.ts';
import type { Sources } from './look.ts';

const lora = { group: 'A LoRA adapter that does not exist yet' };
const options = z.strictObject({
  model: folder('A model: folder, or name on the hub').optional(),
  revision: revisionField('model'),
  config: file("A model's config.json alone").optional(),
  adapter: folder('A LoRA adapter: folder, .zip, or name on the hub').optional(),
  adapterRevision: revisionField('adapter'),
  valueHead: z.boolean().default(false).describe('Count a value head as well'),
  tensors: z.boolean().default(false).describe('List all tensors'),
  loraRank: z.int().positive().optional().meta(lora).describe('Its rank'),
  loraTargets: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .meta(lora)
    .describe('Modules that it adapts (default: queries and values)'),
  loraAlpha: z.number().positive().optional().meta(lora).describe('Its scale (default: the rank)'),
});
type Context = CommandContext<z.infer<typeof options>>;

export const inspect = defineCommand({
  name: 'inspect',
  summary:
    'Show what a model, an adapter or a weight file holds, and whether the jobs can load it.',
  examples: [
    ['tactful inspect DIR', 'a model or an adapter'],
    ['tactful inspect google/flan-t5-base', 'a model of the Hugging Face hub'],
    ['tactful inspect DIR/model.safetensors', 'the tensors of a file'],
    [
      'tactful inspect --config config.json --lora-rank 32 --lora-targets q,v',
      'how many parameters an adapter would train',
    ],
  ],
  arguments: [
    {
      name: 'path',
      description: 'Model or adapter (folder, or name on the hub), .safetensors or config.json',
    },
  ],
  options,
  async run(context) {
    const { arguments: words, json, print, screen } = context;
    const { look } = await import('./look.ts');
    const { inspectionText } = await import('./inspection.ts');
    const found = await look(await located(await sources(context.options, words[0]), context));
    const { notes = [], problems = [] } = found;
    print(json ? JSON.stringify(found) : inspectionText(found, screen));
    if (!json) notes.forEach(context.note);
    if (problems.length === 0) return;
    throw json ? new Told() : new TactfulError('NOT_LOADABLE', problems.join('\n'));
  },
});

/** Sorts the bare path to where it belongs. */
async function sources(options: Context['options'], path?: string): Promise<Sources> {
  const { model, config, adapter } = options;
  if (model !== undefined && config !== undefined) {
    throw new UsageError('expected --model or --config, got both.');
  }
  if (path === undefined) {
    if (model ?? config ?? adapter) return options;
    throw new UsageError('expected a path, --model, --config or --adapter, got nothing.');
  }
  if (path.endsWith('.safetensors')) return { ...options, weightFile: path };
  const names = await readdir(path).catch(({ code }: NodeJS.ErrnoException) => {
    if (code !== 'ENOENT') return undefined;
    if (parseRepo(path, 'model')) return [] as string[]; // perhaps on the hub
    const expected = 'a model, an adapter, a .safetensors file or a config.json';
    throw new InputError(path, expected, 'no such file or folder', 'Check the path.');
  });
  if (names?.includes('adapter_config.json')) return { ...options, adapter: path };
  if (model ?? config) throw new UsageError(`expected one model, got ${path} as well.`);
  return names ? { ...options, model: path } : { ...options, config: path };
}
