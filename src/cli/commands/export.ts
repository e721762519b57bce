import { z } from 'zod';
import { exportDTypes } from '../../export/dtypes.ts';
import { revisionField } from '../../hub/revision.ts';
import { defineCommand } from '../command.ts';
import { located } from '../locate.ts';
import { folder } from '../options.ts';
import { modelFolderOptions, showBytes, wroteText } from '../written.ts';

const options = z.strictObject({
  model: folder('A T5, a BART or a classifier: folder, or name on the hub'),
  revision: revisionField('model'),
  adapter: folder('LoRA adapter to merge in (PEFT): folder, .zip, or name on the hub').optional(),
  adapterRevision: revisionField('adapter'),
  output: folder('Folder of the result: new, empty, or with an earlier result of export'),
  dtypes: z
    .array(z.enum(exportDTypes))
    .min(1)
    .default(['fp32', 'q8'])
    .meta({ placeholder: 'name,…' })
    .describe('Number formats, a set of files each: fp32, fp16, q8 (or int8)'),
  ...modelFolderOptions,
});

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write a model as ONNX, for transformers.js in Node and browsers.',
  description:
    'transformers.js takes fp32 in Node and q8 in a browser unless told otherwise. fp32 gives what ' +
    'tactful gives. In fp16 sums, norms and the last matrix of each feed-forward are float32. In q8 ' +
    'and int8, which are the same under two names, weights are whole numbers of 7 or 8 bits.',
  examples: [
    ['tactful export --model DIR --adapter DIR --output onnx', 'a policy'],
    ['tactful export --model DIR --output onnx --dtypes fp32,fp16,q8', 'in three formats'],
    ['tactful export --model REWARD_MODEL --output onnx', 'a classifier'],
  ],
  options,
  async run(context) {
    const { signal, json, print } = context;
    const options = await located(context.options, context);
    const { exportToFolder } = await import('../../export/onnx-folder.ts');
    const { version } = await import('../../disk/version.ts');
    const { notes, ...written } = await exportToFolder({
      ...options,
      version,
      signal,
      onProgress: showBytes(context, 'export'),
    });
    notes.forEach(context.note);
    const { output } = options;
    print(json ? JSON.stringify({ output, ...written }) : wroteText(output, written));
  },
});
