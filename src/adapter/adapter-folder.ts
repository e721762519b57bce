/** Tells an adapter from a model, where a model is asked for. I/O. */
import { join } from 'node:path';
import { z } from 'zod';
import { exists } from '../disk/atomic.ts';
import { parseJson, readIfPresent } from '../disk/json.ts';
import { InputError } from '../errors.ts';
import { mergeInPeft } from './adapter-settings.ts';

const Adapter = z.looseObject({
  peft_type: z.string().optional().catch(undefined),
  task_type: z.string().nullish().catch(undefined),
  base_model_name_or_path: z.string().nullish().catch(undefined),
});

/**
 * Refuses a folder that holds an adapter and no model.
 * @throws {InputError} naming the base model, and what to do
 */
export async function refuseAdapterFolder(folder: string): Promise<void> {
  if (await exists(join(folder, 'config.json'))) return;
  const path = join(folder, 'adapter_config.json');
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return;
  const {
    peft_type: kind,
    task_type: task,
    base_model_name_or_path: base,
  } = parseJson(bytes, path, Adapter);
  const of = base ? ` of ${base}` : '';
  const actual = `an adapter${of} alone (${[kind ?? 'PEFT', task].filter(Boolean).join(', ')})`;
  const remedy =
    task === 'SEQ_CLS'
      ? mergeInPeft
      : 'An adapter is named beside its base model, or put into it with "tactful merge".';
  throw new InputError(folder, 'a model', actual, remedy);
}
