import type { Work } from '../runtime/record.ts';
import { countParameters } from './count.ts';
import { readPolicyConfig } from './load.ts';

/**
 * How large a policy's model is, by which `startEngine` chooses.
 * @param folder of a policy's model in the Hugging Face layout
 */
export async function workOf(folder: string): Promise<Work> {
  const config = await readPolicyConfig(folder);
  return { width: config.dModel, bytes: 4 * countParameters(config, {}).all };
}
