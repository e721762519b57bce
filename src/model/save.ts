import { type LoraConfig, writeAdapter, writeValueHead } from '../adapter/peft.ts';
import type { ValueHeadFile } from '../adapter/value-head-file.ts';
import type { Tensors } from '../tensor.ts';
import { adapterTensors, valueHeadTensors } from './load.ts';

/** Writes the adapter among a policy's tensors as PEFT reads it, and the value head beside it. */
export async function saveAdapter(
  folder: string,
  lora: LoraConfig,
  tensors: Tensors,
  { valueHeadFile }: { readonly valueHeadFile?: ValueHeadFile | undefined } = {},
): Promise<void> {
  await writeAdapter(folder, { config: lora, tensors: adapterTensors(tensors, lora) });
  const head = valueHeadTensors(tensors);
  const layout = valueHeadFile === 'pytorch_model.bin' ? 'trl' : 'tactful';
  if (head.size > 0) await writeValueHead(folder, head, { layout });
}
