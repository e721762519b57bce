/** Which matrix a T5's head is: its own, or the table of embeddings. I/O. */

import { open } from 'node:fs/promises';
import { type Adapter, savedTensors } from '../../adapter/peft.ts';
import type { Note } from '../../events.ts';
import { readFloats } from '../../tensors/safetensors.ts';
import type { WeightEntry, Weights } from '../../tensors/weights.ts';
import type { StoredModel, Written } from '../family.ts';
import type { T5Config } from './config.ts';

type StoredT5 = StoredModel<T5Config>;

const table = 'shared.weight';
/** The weight of a T5's own head. */
export const head = 'lm_head.weight';

/**
 * Asks the weights which head a T5 has. A head in the file that differs from the table is used,
 * whatever the config says, as transformers 5 does; one that is the table once more is the table. A
 * tied table may have been saved by the name of its other reader, the head.
 */
export async function withHead(weights: Weights, config: T5Config): Promise<StoredT5> {
  const { weights: asked, config: found } = await asStored(weights, config);
  const notes = [...weights.notes, ...headNotes(weights.folder, config, found)];
  return { weights: { ...asked, notes }, config: found };
}

async function asStored(weights: Weights, config: T5Config): Promise<StoredT5> {
  const [tableEntry, headEntry] = [weights.entries.get(table), weights.entries.get(head)];
  // one that the config promises and nobody has is missed by whoever checks the weights, and one of
  // a type that is not computed with is named there
  if (!headEntry)
    return { weights, config: { ...config, ownHead: config.ownHead || weights.stored.has(head) } };
  if (!tableEntry) {
    return { weights: config.ownHead ? weights : alias(weights, table, head), config };
  }
  return { weights, config: { ...config, ownHead: !(await areSame(tableEntry, headEntry)) } };
}

/** What transformers 4 and 5 do not do alike. */
function headNotes(folder: string, said: T5Config, { ownHead }: T5Config): Note[] {
  if (!said.scaledOutput) return [];
  const notes: Note[] = [];
  if (ownHead && !said.ownHead) {
    const says =
      `${folder}: ${head} differs from ${table}, though config.json says that they are one: ` +
      'the head is used, as transformers does since 5.0; before, it was not.';
    notes.push({ says });
  }
  if (said.modelType === 'mt5') {
    const says =
      `${folder}: an mT5 that was tied before transformers 5: what its head reads is scaled, as it was ` +
      'then; transformers since 5.0 does not scale it.';
    notes.push({ says });
  }
  return notes;
}

/**
 * How a T5's head is written: both transformers 4 and 5 know a T5 whose head is the table, with scaled
 * states, and a head of its own without a scale. Others get such a head: a table that is read without a
 * scale a second time, a head with a scale times that. Only transformers 4 scales an mT5.
 */
export function writtenHead(config: T5Config): Pick<Written<T5Config>, 'config' | 'made'> {
  const { ownHead, scaledOutput, modelType, dModel } = config;
  const isKnown = ownHead ? !scaledOutput : scaledOutput && modelType === 't5';
  if (isKnown) return { config };
  const factor = scaledOutput ? dModel ** -0.5 : 1;
  return {
    config: { ...config, ownHead: true, scaledOutput: false },
    made: { name: head, source: ownHead ? head : table, factor },
  };
}

/** What a config is to say of the head, where it does not: transformers 4 and 5 ask both fields. */
export function headFields(
  raw: Readonly<Record<string, unknown>>,
  { ownHead }: T5Config,
): Record<string, unknown> {
  if (!ownHead) return raw.tie_word_embeddings === false ? { tie_word_embeddings: true } : {};
  const scale = raw.scale_decoder_outputs === true && { scale_decoder_outputs: false };
  return { tie_word_embeddings: false, ...scale };
}

/**
 * The same with an adapter that saves a head whole: PEFT gives a tied model one of its own then, and
 * the scale stays.
 */
export function withSavedHead(found: StoredT5, adapter: Adapter | undefined): StoredT5 {
  const { weights, config } = found;
  const entry = weights.entries.get(table);
  if (!adapter || config.ownHead || !entry || !savedTensors(adapter).has(head)) return found;
  const ownHead = { ...config, ownHead: true };
  return { ...found, weights: alias(weights, head, table), config: ownHead };
}

/** Weights that have one of them by another name as well. */
function alias(weights: Weights, name: string, other: string): Weights {
  return {
    ...weights,
    entries: new Map([...weights.entries, [name, weights.entries.get(other)!]]),
    load: (asked) => weights.load(asked === name ? other : asked),
  };
}

/** Whether two weights are one: in the same place, of the same bytes, or of other types and the same numbers. */
async function areSame(a: WeightEntry, b: WeightEntry): Promise<boolean> {
  if (`${a.shape}` !== `${b.shape}`) return false;
  if (a.dtype !== b.dtype) {
    const [numbers, others] = [await readFloats(a), await readFloats(b)];
    return numbers.every((number, i) => number === others[i]);
  }
  if (a.length !== b.length) return false;
  if (`${a.strides}` !== `${b.strides}`) return false;
  if (a.file === b.file && a.offset === b.offset) return true;
  const files = [await open(a.file, 'r'), await open(b.file, 'r')];
  try {
    const [left, right] = [Buffer.alloc(chunk), Buffer.alloc(chunk)];
    for (let done = 0; done < a.length; done += chunk) {
      const size = Math.min(chunk, a.length - done);
      await files[0].read(left, 0, size, a.offset + done);
      await files[1].read(right, 0, size, b.offset + done);
      if (left.compare(right, 0, size, 0, size) !== 0) return false;
    }
    return true;
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

/** Bytes compared at a time: heads that differ do so in the first. */
const chunk = 1 << 20;
