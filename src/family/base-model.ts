/** Whether an adapter says that it was made for another model than the one that it is put on. I/O. */

import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { parseJson, readIfPresent } from '../disk/json.ts';
import type { Note } from '../events.ts';
import { isPolicy, type ModelConfig } from './families.ts';
import type { T5Config } from './t5/config.ts';

const NamedConfig = z.looseObject({ _name_or_path: z.string().optional().catch(undefined) });

/**
 * A note, when the adapter's base model and this one have other names, or by its name the base model
 * would have another config. Where one of them has no name, names say nothing.
 * @param base `base_model_name_or_path`: a name on the hub, or a path of whoever trained the adapter
 * @param folder of the model that it is put on
 */
export async function otherBase(
  base: string,
  folder: string,
  config: ModelConfig,
): Promise<Note | undefined> {
  const name = nameOf(base);
  if (name === undefined) return undefined;
  const says = (why: string) => ({
    says: `The adapter was made for ${base}${why}.`,
    remedy:
      'Unless they are the same weights, what it learnt does not fit: set `model` to that one.',
  });
  const own = await namesOf(folder);
  const isKnown = kinds.find(({ names }) => names.test(name));
  if (isKnown && !isKnown.fits(config)) return says(`, which has another config than ${folder}`);
  // what was made of a model has its name with something added
  if (own.length === 0 || own.some((other) => other.includes(name))) return undefined;
  return says(`, and is put on ${own[0]}`);
}

/** What the names of well-known models say of their configs. */
const kinds: readonly { names: RegExp; fits(config: ModelConfig): boolean }[] = [
  { names: /^(flan-t5|t5-v1_1)-/, fits: isOf('t5', 'gated-gelu') },
  { names: /^t5-(small|base|large|3b|11b)$/, fits: isOf('t5', 'relu') },
  { names: /^mt5-/, fits: isOf('mt5', 'gated-gelu') },
];

function isOf(type: T5Config['modelType'], feedForward: T5Config['feedForward']) {
  return (config: ModelConfig) =>
    isPolicy(config) && config.modelType === type && config.feedForward === feedForward;
}

/** Names of the model in a folder: its own or its repository's, and what its config says it was made of. */
async function namesOf(folder: string): Promise<string[]> {
  const bytes = await readIfPresent(join(folder, 'config.json'));
  const { _name_or_path: said } = bytes ? parseJson(bytes, folder, NamedConfig) : {};
  const names = [nameOf(resolve(folder)), nameOf(said ?? '')];
  return names.filter((name) => name !== undefined);
}

/** Names of folders that say nothing of what is in them. */
const general =
  /^(\.*|model|models|base|base[-_]?model|policy|reference|final|last|best|output|outputs|out|merged|adapter|checkpoints?|(checkpoint|step|epoch|run|tmp)[-_.]?\w*|[0-9a-f]{40}|t5|\d+)$/;

/** The last part of a name or path, in small letters; undefined when it says nothing. */
function nameOf(path: string): string | undefined {
  const [, cached] = /models--[^/\\]+?--([^/\\]+)[/\\]snapshots[/\\]/.exec(path) ?? [];
  const name = cached ?? basename(path.replaceAll('\\', '/'));
  return general.test(name.toLowerCase()) ? undefined : name.toLowerCase();
}
