/** Options of stores: which, and what each needs. */
import { z } from 'zod';
import { tableItems } from '../store/dynamodb.ts';
import { tableKeys } from '../store/dynamodb-key.ts';

const store = { group: 'Store' };

/** Stores beside the folder. */
export const storeNames = ['dynamodb', 'tensorboard', 'mlflow'] as const;
export type StoreName = (typeof storeNames)[number];

/** @param names beside the folder */
function storeOption(names: readonly StoreName[]) {
  const one = z.enum(['folder', ...names]);
  const meta = {
    ...store,
    placeholder: 'name,…',
    expects: `one or several of ${one.options.join(', ')}`,
  };
  const said = names.map((name) => `${name}, ${places[name]}`).join('; ');
  return z
    .union([one, z.array(one)])
    .default('folder')
    .meta(meta)
    .describe(`Where the run goes beside its folder, which has all in any case: ${said}`);
}

const places: Readonly<Record<StoreName, string>> = {
  dynamodb: 'a table with its comparison',
  tensorboard: 'files in its folder',
  mlflow: 'a server',
};

/** Where a run goes beside its folder. */
export const storeOptions = {
  store: storeOption(storeNames),
  table: z.string().min(1).default('llm_with_rlhf').meta(store).describe('DynamoDB table'),
  createTable: z.boolean().default(false).meta(store).describe('Create the table if it is missing'),
  key: z
    .enum(tableKeys)
    .default('conversation_id')
    .meta(store)
    .describe(
      'What tells the items of the table apart: conversation_id, a number for every row, or run, where each run has a place of its own',
    ),
  tableItems: z
    .enum(tableItems)
    .default('refuse')
    .meta(store)
    .describe(
      'When the table holds items of other runs: refuse to start, append (numbered after them), or replace (all are deleted)',
    ),
  endpoint: z
    .string()
    .min(1)
    .optional()
    .meta({ ...store, placeholder: 'url' })
    .describe('Where DynamoDB answers, for instance http://127.0.0.1:8000'),
  region: z.string().min(1).optional().meta(store).describe('AWS region'),
  trackingUri: z
    .string()
    .min(1)
    .optional()
    .meta({ ...store, placeholder: 'url' })
    .describe('MLflow server, as http://127.0.0.1:5000 (default: MLFLOW_TRACKING_URI)'),
  experiment: z
    .string()
    .min(1)
    .optional()
    .meta(store)
    .describe(
      'MLflow experiment, made if it is missing (default: MLFLOW_EXPERIMENT_NAME, else tactful)',
    ),
};
export type StoreSettings = z.infer<z.ZodObject<typeof storeOptions>>;

const { trackingUri, experiment } = storeOptions;

/** Those of jobs that end without a comparison, which is all that DynamoDB holds. */
export const curveStoreOptions = {
  store: storeOption(['tensorboard', 'mlflow']),
  ...{ trackingUri, experiment },
};

/** The stores that a setting names, each once; the folder is there without being named. */
export function storesIn({ store }: Pick<StoreSettings, 'store'>): StoreName[] {
  return [...new Set([store].flat())].filter((name) => name !== 'folder');
}
