/** What `torch.save` pickles for a state dict: tensors as views of storages that lie elsewhere. Pure. */
import { InputError } from '../errors.ts';
import {
  convert,
  isContainer,
  isCount,
  type Permitted,
  type Pickled,
  type PickledContainer,
  unpickle,
} from './pickle.ts';
import type { FileDType } from './safetensors-header.ts';

/** A run of elements that a file holds under a name. */
export interface Storage {
  readonly key: string;
  readonly dtype: FileDType;
  readonly elements: number;
}

/** A view of a storage. */
export interface StoredTensor {
  readonly storage: Storage;
  /** First element. */
  readonly start: number;
  readonly shape: readonly number[];
  /** Elements from one index to the next, for each axis. */
  readonly strides: readonly number[];
}

/** Element types by the names of torch's storage classes. */
const storageTypes: Readonly<Record<string, FileDType>> = {
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.DoubleStorage': 'F64',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

const orderedDict = 'collections.OrderedDict';
const tensor = 'torch._utils._rebuild_tensor_v2';
const parameter = 'torch._utils._rebuild_parameter';

/** torch has no more axes. */
const mostAxes = 64;

/**
 * The tensors of a state dict, by name; other values beside them are left out. A state dict inside a
 * dict, under `state_dict`, is found as well.
 * @param bytes `data.pkl` of a file that `torch.save` wrote
 * @param where the file's name, for messages
 * @throws {InputError} for a pickle that is anything else, or a tensor that reaches out of its storage
 */
export function parseStateDict(bytes: Uint8Array, where: string): Map<string, StoredTensor> {
  const made = new Map<object, StoredTensor | Storage>();
  const root = unpickle(bytes, where, permitted(made, where));
  if (!isContainer(root, 'dict')) throw wrong(where, 'a dict of tensors', 'another object');
  const direct = tensorsOf(root, made, where);
  const inner = itemOf(root, 'state_dict');
  const tensors =
    direct.size === 0 && isContainer(inner, 'dict') ? tensorsOf(inner, made, where) : direct;
  if (tensors.size === 0) throw wrong(where, 'a dict of tensors', 'no tensor in it');
  return tensors;
}

/** What a state dict calls. What it makes is an object of its own, known to nobody else. */
function permitted(made: Map<object, StoredTensor | Storage>, where: string): Permitted {
  const keep = (value: StoredTensor | Storage): Pickled => {
    made.set(value, value);
    return { kind: 'made', value };
  };
  return {
    isKnown: (name) =>
      [orderedDict, tensor, parameter].includes(name) || Object.hasOwn(storageTypes, name),
    call(name, parameters) {
      if (name === orderedDict && parameters.length === 0) return { kind: 'dict', items: [] };
      // whether it learns, and hooks, are no matter here
      if (name === parameter && parameters.length === 3)
        return tensorIn(parameters[0], made) && parameters[0];
      if (name !== tensor) return undefined;
      const view = viewOf(parameters, made);
      return view && keep(checked(view, where));
    },
    persistent(id) {
      const storage = storageOf(id);
      return storage && keep(storage);
    },
  };
}

/** ('storage', class, key, device, elements) */
function storageOf(id: Pickled): Storage | undefined {
  if (!isContainer(id, 'tuple') || id.items.length !== 5) return undefined;
  const [kind, type, key, , elements] = id.items;
  const dtype =
    typeof type === 'object' && type?.kind === 'global' ? storageTypes[type.name] : undefined;
  if (kind !== 'storage' || !dtype || typeof key !== 'string' || !isCount(elements))
    return undefined;
  return { key, dtype, elements };
}

/** (storage, first element, shape, strides, learns, hooks[, nothing]) */
function viewOf(
  parameters: readonly Pickled[],
  made: ReadonlyMap<object, StoredTensor | Storage>,
): StoredTensor | undefined {
  const [from, start, shape, strides, , , metadata] = parameters;
  const storage = madeOf(from, made);
  // what else could be said of a tensor (negated, conjugated) would change its values
  const isPlain = parameters.length === 6 || (parameters.length === 7 && metadata === null);
  if (!isPlain || !storage || 'storage' in storage || !isCount(start)) return undefined;
  if (!isCounts(shape) || !isCounts(strides)) return undefined;
  return { storage, start, shape: shape.items, strides: strides.items };
}

/** Every element lies in the storage, and there are no more of them than the storage has. */
function checked(view: StoredTensor, where: string): StoredTensor {
  const { storage, start, shape, strides } = view;
  const place = `${where}: a tensor [${shape.slice(0, 8)}] of storage ${storage.key.slice(0, 40)}`;
  if (shape.length !== strides.length || shape.length > mostAxes) {
    throw wrong(place, `strides for ${shape.length} axes`, `${strides.length}`);
  }
  const size = shape.reduce((product, dim) => product * dim, 1);
  const last = start + shape.reduce((sum, dim, axis) => sum + (dim - 1) * strides[axis], 0);
  if (size > 0 && !(last < storage.elements)) {
    throw wrong(place, `elements below ${storage.elements}`, `element ${last}`);
  }
  if (!(size <= storage.elements)) {
    const expected = `at most the ${storage.elements} elements of its storage`;
    throw wrong(place, expected, `${size}, some of them more than once`);
  }
  return view;
}

function tensorsOf(
  dict: PickledContainer,
  made: ReadonlyMap<object, StoredTensor | Storage>,
  where: string,
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (let i = 0; i < dict.items.length; i += 2) {
    const [key, value] = dict.items.slice(i, i + 2);
    const found = tensorIn(value, made);
    if (!found || typeof key !== 'string') continue;
    if (tensors.has(key)) throw wrong(where, `one ${key.slice(0, 60)}`, 'two');
    tensors.set(key, found);
  }
  return tensors;
}

function itemOf({ items }: PickledContainer, key: string): Pickled | undefined {
  const at = items.findIndex((item, i) => i % 2 === 0 && item === key);
  return at < 0 ? undefined : items[at + 1];
}

function tensorIn(value: Pickled, made: ReadonlyMap<object, StoredTensor | Storage>) {
  const found = madeOf(value, made);
  return found && 'storage' in found ? found : undefined;
}

function madeOf(value: Pickled, made: ReadonlyMap<object, StoredTensor | Storage>) {
  return typeof value === 'object' && value?.kind === 'made' ? made.get(value.value) : undefined;
}

function isCounts(value: Pickled): value is { kind: 'tuple'; items: number[] } {
  return isContainer(value, 'tuple') && value.items.every(isCount);
}

function wrong(where: string, expected: string, actual: string): InputError {
  return new InputError(where, expected, actual, convert);
}
