/** Which files of a repository are fetched. Pure. */
import { z } from 'zod';
import { valueHeadNames } from '../adapter/value-head-file.ts';
import { parseJson } from '../disk/json.ts';
import { vocabularies } from '../disk/vocabularies.ts';
import { InputError } from '../errors.ts';

/** What is taken of the files that there are. */
export interface Choice {
  readonly files: readonly string[];
  /** That one of the files which names the shards: they belong to it. */
  readonly index: string | undefined;
  /** What has to be there and is not; undefined when nothing is missing. */
  readonly lacks: string | undefined;
  /**
   * Names that would have been taken and are not there; undefined when they cannot be told: then a
   * part of a repository looks like the whole.
   */
  readonly absent: readonly string[] | undefined;
}

/** Takes a choice of a repository's files. */
export type Chooser = (names: ReadonlySet<string>) => Choice;

const settings = [
  'generation_config.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
];
/** Weights: the first that is there. */
const weights = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
];
const adapterWeights = ['adapter_model.safetensors', 'adapter_model.bin'];

/** Config, generation config, tokenizer and weights; safetensors rather than `.bin`. */
export function chooseModel(names: ReadonlySet<string>): Choice {
  const tokenizer = names.has('tokenizer.json')
    ? ['tokenizer.json']
    : ['tokenizer.json', ...vocabularies];
  return choose(names, 'config.json', weights, [...settings, ...tokenizer]);
}

/** A LoRA adapter, and the value head where one is kept beside it. */
export function chooseAdapter(names: ReadonlySet<string>): Choice {
  // beside a model's config it is the model
  const possible = valueHeadNames.filter(
    (name) => name !== 'pytorch_model.bin' || !names.has('config.json'),
  );
  const first = possible.findIndex((name) => names.has(name));
  const wanted = first < 0 ? possible : possible.slice(0, first + 1);
  return choose(names, 'adapter_config.json', adapterWeights, wanted);
}

/** An adapter, or else a model. */
export function choosePolicy(names: ReadonlySet<string>): Choice {
  return names.has('adapter_config.json') ? chooseAdapter(names) : chooseModel(names);
}

/** Files that a dataset's repository has besides its rows. */
const aboutData = /(^|\/)(config|dataset_infos?|dataset_dict)\.json$/;

/** `..` is not hidden but wrong, and is told of. */
const hidden = /(^|\/)(\.(?!\.?\/)|__)/;

/** Every table: csv, tsv, json, jsonl, parquet, also packed with gzip; hidden ones are left out. */
export function chooseData(names: ReadonlySet<string>): Choice {
  const files = [...names].filter(
    (name) =>
      /\.(csv|tsv|json|jsonl|parquet)(\.gz)?$/i.test(name) &&
      !aboutData.test(name) &&
      !hidden.test(name),
  );
  const lacks = files.length > 0 ? undefined : 'a csv, tsv, json, jsonl or parquet file';
  return { files: files.sort(), index: undefined, lacks, absent: undefined };
}

function choose(
  names: ReadonlySet<string>,
  config: string,
  weights: readonly string[],
  optional: readonly string[],
): Choice {
  const best = weights.find((name) => names.has(name));
  const better = best === undefined ? weights : weights.slice(0, weights.indexOf(best));
  const wanted = [config, ...optional, ...(best === undefined ? [] : [best])];
  const lacks = [
    ...(names.has(config) ? [] : [config]),
    ...(best === undefined ? [weights.filter((name) => !isIndex(name)).join(' or ')] : []),
  ];
  return {
    files: wanted.filter((name) => names.has(name)),
    index: best !== undefined && isIndex(best) ? best : undefined,
    lacks: lacks.length > 0 ? lacks.join(', and ') : undefined,
    absent: [...optional, ...better].filter((name) => !names.has(name)),
  };
}

function isIndex(name: string): boolean {
  return name.endsWith('.index.json');
}

const Index = z.object({
  weight_map: z.record(z.string(), z.string(), 'the shard of each tensor'),
});

/**
 * The files that an index of weights names, sorted.
 * @param where the index, for messages
 * @throws {InputError} when it is no index, or names files elsewhere
 */
export function shardsOf(bytes: Uint8Array, where: string): string[] {
  const { weight_map: shardOf } = parseJson(bytes, where, Index);
  const shards = [...new Set(Object.values(shardOf))].sort();
  const wrong = shards.find((name) => !/^\w[^/\\:\p{Cc}]{0,180}\.(safetensors|bin)$/u.test(name));
  if (wrong !== undefined || shards.length === 0) {
    const got = wrong === undefined ? 'none' : JSON.stringify(wrong.slice(0, 200));
    throw new InputError(where, 'shards named *.safetensors or *.bin beside it', got);
  }
  return shards;
}
