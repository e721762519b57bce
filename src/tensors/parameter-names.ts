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

/** How a family names its parameters, as far as files differ. */
export interface Naming {
  /** A name that every model of the family has, behind whatever stands before it: group 1. */
  readonly anchor: RegExp;
  /** What a model with a head puts before the names of the rest of it, and which names these are. */
  readonly base?: { readonly prefix: string; readonly parts: RegExp };
  /** The head, which wrappers of the rest have beside them. */
  readonly head?: string;
  /** A table that files may have by the names of those who read it. */
  readonly table?: { readonly name: string; readonly readers: readonly string[] };
}

/**
 * Today's names for the tensors of a checkpoint. Wrappers' prefixes go, whatever they are: the model's
 * own names are looked for behind them. A layer norm's gamma and beta become weight and bias, an
 * encoder that was saved without its classifier gets the prefix that it has in one, and a table is
 * found whoever's name it was saved by.
 * @param namings of the model's family, or of all where it is not known
 * @param where the folder's name, for messages
 * @throws {InputError} when there are several models in the file, or one name twice
 */
export function parameterNames(
  fileNames: Iterable<string>,
  namings: readonly Naming[],
  where = 'weights',
): ParameterNames {
  const all = [...fileNames].map((inFile) => [withoutMarks(inFile), inFile] as const);
  const everywhere = commonWrapper(all.map(([name]) => name));
  const cut = all.map(([name, inFile]) => [name.slice(everywhere.length), inFile] as const);
  const place = placeOf(
    cut.map(([name]) => name),
    namings,
    where,
  );
  const { prefix, added, naming } = place;
  const isInside = (name: string) => name.startsWith(prefix);
  // a wrapper that holds the model without its head has the head beside it
  const isHead = (name: string) => !isInside(name) && name === naming?.head;
  const inside = cut
    .filter(([name]) => isInside(name) || isHead(name))
    .map(([name, inFile]) => [isHead(name) ? prefix + name : name, inFile] as const);
  const beside = cut
    .filter(([name]) => !isInside(name) && !isHead(name))
    .map(([, inFile]) => inFile);
  const names = new Map<string, string>();
  for (const [name, inFile] of inside) {
    const own = name.slice(prefix.length);
    const full = added !== '' && naming?.base?.parts.test(own) ? added + own : own;
    const other = names.get(full);
    if (other !== undefined) throw new InputError(where, `one ${full}`, `${other} and ${inFile}`);
    names.set(full, inFile);
  }
  rename(names, naming ? [naming] : namings);
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

/** Where a model begins in a file. */
interface Place {
  readonly prefix: string;
  /** What a model without its head lacks before its names. */
  readonly added: string;
  readonly naming?: Naming | undefined;
}

function placeOf(names: readonly string[], namings: readonly Naming[], where: string): Place {
  const only = namings.length === 1 ? namings[0] : undefined;
  const all = namings.flatMap((naming) =>
    before(names, naming.anchor).map((start) => ({ start, naming })),
  );
  const starts = [...new Set(all.map(({ start }) => start))];
  const found = starts.map((start): Place => {
    const candidates = all.flatMap((one) => (one.start === start ? [one.naming] : []));
    const naming = candidates.find(({ base }) => base && endsIn(start, base.prefix));
    if (!naming) return { prefix: start, added: only?.base?.prefix ?? '', naming: candidates[0] };
    return { prefix: start.slice(0, -naming.base!.prefix.length), added: '', naming };
  });
  const first = found.find(({ prefix }) => prefix === '');
  if (first || found.length === 0) return first ?? { prefix: '', added: '' };
  if (found.length === 1) return found[0];
  const prefixes = found.map(({ prefix }) => `"${prefix}"`).join(' and ');
  const remedy = 'Save the one that is wanted alone, with its save_pretrained.';
  throw new InputError(where, 'one model', `several, whose names begin with ${prefixes}`, remedy);
}

/** Whether the last parts of a path are these. */
function endsIn(path: string, parts: string): boolean {
  return path === parts || path.endsWith(`.${parts}`);
}

/** All that stands before a name in some names. */
function before(names: readonly string[], anchor: RegExp): string[] {
  const found = names.flatMap((name) => {
    const match = anchor.exec(name);
    return match ? [match[1] ?? ''] : [];
  });
  return [...new Set(found)];
}

/** Old names of layer norms, and those of a table. */
function rename(names: Map<string, string>, namings: readonly Naming[]): void {
  for (const [name, inFile] of [...names]) {
    const now = name
      .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
      .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
    if (now === name || names.has(now)) continue;
    names.delete(name);
    names.set(now, inFile);
  }
  for (const { table } of namings) {
    const reader = table?.readers.find((name) => names.has(name));
    if (reader !== undefined && !names.has(table!.name)) names.set(table!.name, names.get(reader)!);
  }
}
