/** Which part of a data set a file holds, by its name, as the Hugging Face hub tells it. Pure. */

/** Words in paths that name a part. */
const words: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'val', 'dev'],
  test: ['test', 'testing', 'eval', 'evaluation'],
};

/**
 * The part that a file holds: `train` of `train.csv`, `data/train-00000-of-00001.parquet` or
 * `DialogSum.train.jsonl`; undefined of `dialogues.csv`.
 * @param path below the data set's folder, with slashes
 */
export function splitOf(path: string): string | undefined {
  const [, shard] = /(?:^|\/)([^/]+)-\d{5}-of-\d{5}[^/]*$/.exec(path) ?? [];
  if (shard !== undefined && !Object.values(words).flat().includes(shard)) {
    return splitOf(shard) ?? shard;
  }
  const parts = path.toLowerCase().split(/[-._ 0-9/]+/);
  const names = Object.keys(words).filter((name) => words[name].some((w) => parts.includes(w)));
  return names[0];
}

/** The usual name of a part: `validation` of `dev`. */
export function splitName(name: string): string {
  const known = Object.keys(words).find((split) => words[split].includes(name.toLowerCase()));
  return known ?? name;
}
