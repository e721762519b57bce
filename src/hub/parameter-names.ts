/** Names that checkpoints of other times and tools give to the same parameters. Pure. */

/** Put before every name by what the model was wrapped in when it was saved. */
const wrappers = ['module.', '_orig_mod.'];

/** T5's one table of embeddings, under the names of those who read it. */
const table = 'shared.weight';
const readers = ['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];

/**
 * Today's names for the tensors of a checkpoint, each with the name that the file has. Wrappers'
 * prefixes go, a layer norm's gamma and beta become weight and bias, and T5's embeddings are found
 * under `shared.weight` whoever's name they were saved by.
 */
export function parameterNames(fileNames: Iterable<string>): Map<string, string> {
  let names = new Map([...fileNames].map((name) => [name, name]));
  for (let prefix = wrapper(names); prefix !== undefined; prefix = wrapper(names)) {
    const { length } = prefix;
    names = new Map([...names].map(([name, inFile]) => [name.slice(length), inFile]));
  }
  for (const [name, inFile] of [...names]) {
    const now = name
      .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
      .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
    if (now === name || names.has(now)) continue;
    names.delete(name);
    names.set(now, inFile);
  }
  const reader = readers.find((name) => names.has(name));
  if (reader !== undefined && !names.has(table)) names.set(table, names.get(reader)!);
  return names;
}

/** The prefix that all names have. */
function wrapper(names: ReadonlyMap<string, string>): string | undefined {
  if (names.size === 0) return undefined;
  return wrappers.find((prefix) => [...names.keys()].every((name) => name.startsWith(prefix)));
}
