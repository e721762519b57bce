import { z } from 'zod';
import { quoted } from '../../disk/shell.ts';
import { weightDTypes } from '../../export/range.ts';
import { revisionField } from '../../hub/revision.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { located } from '../locate.ts';
import { folder } from '../options.ts';
import { modelFolderOptions, showBytes, wroteText } from '../written.ts';

const options = z.strictObject({
  model: folder('Base model: folder, or name on the hub'),
  revision: revisionField('model'),
  adapter: folder('LoRA adapter (PEFT format): folder, .zip, or name on the hub'),
  adapterRevision: revisionField('adapter'),
  output: folder('Folder of the result: new, empty, or with an earlier result of merge'),
  dtype: z.enum(weightDTypes).default('float32').describe('Number format of the weights'),
  maxShardSize: z
    .string()
    .default('5GB')
    .meta({ placeholder: 'size' })
    .describe('Largest file of weights; above, there are several with an index'),
  ...modelFolderOptions,
});

export const merge = defineCommand({
  name: 'merge',
  summary: 'Merge a LoRA adapter into its model, as a folder that transformers loads.',
  description:
    'Writes W + scale · B A for each adapted weight, computed in float64 and rounded once, and all ' +
    'other files of the model as they are. One weight is in memory at a time.',
  examples: [
    ['tactful merge --model DIR --adapter DIR --output merged', 'a whole model'],
    ['tactful merge --model DIR --adapter DIR --output merged --dtype bfloat16', 'half the size'],
  ],
  options,
  async run(context) {
    const { signal, json, print } = context;
    const maxShardBytes = bytesOf(context.options.maxShardSize); // before anything is fetched
    const options = await located(context.options, context);
    const { mergeToFolder } = await import('../../export/merged-folder.ts');
    const { version } = await import('../../disk/version.ts');
    const { maxShardSize: _, ...rest } = options;
    const { notes, ...written } = await mergeToFolder({
      ...rest,
      maxShardBytes,
      version,
      signal,
      onProgress: showBytes(context, 'merge'),
    });
    notes.forEach(context.note);
    const { output } = options;
    print(
      json
        ? JSON.stringify({ output, ...written })
        : wroteText(output, written, `npx tactful generate --model ${quoted(output)} --prompt "…"`),
    );
  },
});

/** 5GB, 500MB: as transformers counts them, by thousands. */
function bytesOf(size: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([MG])B$/i.exec(size) ?? [];
  if (Number(number) > 0) return Number(number) * (/g/i.test(unit) ? 1e9 : 1e6);
  throw new UsageError(`--max-shard-size: expected a size such as 5GB or 500MB, got "${size}".`);
}
