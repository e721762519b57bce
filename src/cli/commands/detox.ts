import { z } from 'zod';
import { InternalError } from '../../errors.ts';
import { defineCommand } from '../command.ts';
import { engineOptions, folder } from '../options.ts';

const store = { group: 'Store' };

/** Where a run goes, beside what it does. */
export const storeOptions = {
  output: folder('Folder of the run (default: runs/<run id>)').optional(),
  store: z
    .enum(['folder', 'dynamodb'])
    .default('folder')
    .meta(store)
    .describe('Where the comparison goes; the run folder has it in any case'),
  table: z.string().min(1).default('llm_with_rlhf').meta(store).describe('DynamoDB table'),
  createTable: z.boolean().default(false).meta(store).describe('Create the table if it is missing'),
  endpoint: z
    .string()
    .min(1)
    .optional()
    .meta({ ...store, placeholder: 'url' })
    .describe('Where DynamoDB answers, for instance http://127.0.0.1:8000'),
  region: z.string().min(1).optional().meta(store).describe('AWS region'),
};

export const detox = defineCommand({
  name: 'detox',
  summary: 'Train a policy until its summaries are less toxic, and prove whether they are.',
  options: z.strictObject({ ...storeOptions, ...engineOptions }),
  stopping: 'finishing the step',
  async run() {
    throw new InternalError('detox is not connected yet');
  },
});
