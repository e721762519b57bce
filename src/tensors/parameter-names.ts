/** Names that checkpoints of other times and tools give to the same parameters. Pure. */
import { InputError } from '../errors.ts';

/** What a checkpoint's tensors are to the model. */
export interface ParameterNames {
  /** Names in the file, by today's names. */
  readonly names: Map<string, string>;
  /** What every name of the model begins with in the file; mostly nothing. */
  readonly prefix: string;
  /** Names in the file of what does not belong to the model: a value head, an optimizer's rest. */
  readonly beside: readonly string[];
}

/** Parts of a path that a wrapper leaves at any place in it, and that no model has of its own. */
const marks = /(^|\.)(?:(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.)+/g;

/** A name without the marks of wrappers. */
export function withoutMarks(name: string): string {
  return name.replace(marks, '$1');
}

/** Put before every name by what the model was wrapped in when it was saved. */
const wrapper = 'module.';

/** A name that every T5 has, with or without an adapter; and one of every encoder, without its own prefix. */
const ofT5 = /^(.*\.)?encoder\.block\.0\.layer\.0\.layer_norm\.weight$/;
const ofEncoder = /^(.*\.)?embeddings\.LayerNorm\.(?:weight|gamma)$/;

/** What a classifier puts before the names of its encoder, by `model_type`. */
const encoderPrefixes: Readonly<Record<string, string>> = {
  bert: 'bert.',
  distilbert: 'distilbert.',
  roberta: 'roberta.',
  'xlm-roberta': 'roberta.',
  'deberta-v2': 'deberta.',
};
const anyEncoder = /(?:^|\.)((?:bert|distilbert|roberta|deberta)\.)$/;

/** T5's one table of embeddings, under the names of those who read it. */
const table = 'shared.weight';
/** Its head. */
const head = 'lm_head.weight';
export const tableReaders = ['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];

/**
 * Today's names for the tensors of a checkpoint. Wrappers' prefixes go, whatever they are: the model's
 * own names are looked for behind them. A layer norm's gamma and beta become weight and bias, an
 * encoder that was saved without its classifier gets the prefix that it has in one, and T5's
 * embeddings are found under `shared.weight` whoever's name they were saved by.
 * @param modelType of `config.json`, where it is known
 * @param where the folder's name, for messages
 * @throws {InputError} when there are several models in the file, or one name twice
 */
export function parameterNames(
  fileNames: Iterable<string>,
  modelType?: string,
  where = 'weights',
): ParameterNames {
  const all = [...fileNames].map((inFile) => [withoutMarks(inFile), inFile] as const);
  const everywhere = commonWrapper(all.map(([name]) => name));
  const cut = all.map(([name, inFile]) => [name.slice(everywhere.length), inFile] as const);
  const { prefix, added } = placeOf(
    cut.map(([name]) => name),
    modelType,
    where,
  );
  const isInside = (name: string) => name.startsWith(prefix);
  // a wrapper that holds the model without its head has the head beside it
  const isHead = (name: string) => !isInside(name) && name === head;
  const inside = cut
    .filter(([name]) => isInside(name) || isHead(name))
    .map(([name, inFile]) => [isHead(name) ? prefix + head : name, inFile] as const);
  const beside = cut
    .filter(([name]) => !isInside(name) && !isHead(name))
    .map(([, inFile]) => inFile);
  const names = new Map<string, string>();
  for (const [name, inFile] of inside) {
    const own = name.slice(prefix.length);
    const full = isOfEncoder(own, added) ? added + own : own;
    const other = names.get(full);
    if (other !== undefined) throw new InputError(where, `one ${full}`, `${other} and ${inFile}`);
    names.set(full, inFile);
  }
  rename(names);
  return { names, prefix: everywhere + prefix, beside };
}

/** The `module.` that all names have, once or more. */
function commonWrapper(names: readonly string[]): string {
  let found = '';
  while (names.length > 0 && names.every((name) => name.startsWith(found + wrapper))) {
    found += wrapper;
  }
  return found;
}

/** Where the model's own names begin, and what an encoder without its classifier lacks before them. */
function placeOf(
  names: readonly string[],
  modelType: string | undefined,
  where: string,
): { prefix: string; added: string } {
  const t5 = before(names, ofT5);
  const own = modelType === undefined ? undefined : encoderPrefixes[modelType];
  const ofEncoders = before(names, ofEncoder).map((place) => {
    const [, encoder] = anyEncoder.exec(place) ?? [];
    if (encoder === undefined) return { prefix: place, added: own ?? '' };
    return { prefix: place.slice(0, -encoder.length), added: '' };
  });
  const found = t5.length > 0 ? t5.map((prefix) => ({ prefix, added: '' })) : ofEncoders;
  const first = found.find(({ prefix }) => prefix === '');
  if (first || found.length === 0) return first ?? { prefix: '', added: '' };
  if (found.length === 1) return found[0];
  const prefixes = found.map(({ prefix }) => `"${prefix}"`).join(' and ');
  const remedy = 'Save the one that is wanted alone, with its save_pretrained.';
  throw new InputError(where, 'one model', `several, whose names begin with ${prefixes}`, remedy);
}

/** All that stands before a name in some names. */
function before(names: readonly string[], anchor: RegExp): string[] {
  const found = names.flatMap((name) => {
    const match = anchor.exec(name);
    return match ? [match[1] ?? ''] : [];
  });
  return [...new Set(found)];
}

/** A name of the encoder itself; the rest is the head's, and so is a DeBERTa's pooler. */
function isOfEncoder(name: string, prefix: string): boolean {
  if (name.startsWith('pooler.')) return prefix !== encoderPrefixes['deberta-v2'];
  return /^(embeddings|encoder|transformer)\./.test(name);
}

/** Old names of layer norms and of T5's table. */
function rename(names: Map<string, string>): void {
  for (const [name, inFile] of [...names]) {
    const now = name
      .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
      .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
    if (now === name || names.has(now)) continue;
    names.delete(name);
    names.set(now, inFile);
  }
  const reader = tableReaders.find((name) => names.has(name));
  if (reader !== undefined && !names.has(table)) names.set(table, names.get(reader)!);
}
