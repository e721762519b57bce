import { InternalError } from '../errors.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import type { Backend } from './backend.ts';
import type { Feeds } from './feeds.ts';
import { returnFreeMemory } from './native.ts';

/** Tensors of one state, by name. */
export interface StateTensors {
  get(name: string): Tensor | undefined;
  /** Takes the tensor as it is. */
  set(name: string, tensor: Tensor): void;
  delete(name: string): void;
  /** How many rows a tensor that grows will have; without it there is copying. */
  reserve(name: string, rows: number): void;
  /** Adds rows (axis 0) behind those that are there, in place where there is room. */
  append(name: string, rows: Tensor): void;
  /** Keeps some rows along an axis, in ascending order, in place. */
  select(name: string, axis: number, rows: readonly number[]): void;
  /** Gives the memory back at once. */
  free(): void;
}

/** The states of a backend that computes in this process's memory. */
export interface States {
  open(id: number): void;
  of(id: number): StateTensors;
  /** Copies tensors into a state: the caller keeps its own. */
  write(id: number, tensors: Feeds): void;
  reserve(id: number, rows: Readonly<Record<string, number>>): void;
  select(id: number, axes: Readonly<Record<string, number>>, rows: readonly number[]): void;
  drop(id: number): void;
  clear(): void;
}

/** What a backend answers when it is asked about its states. */
export function stateCalls(
  kept: States,
): Pick<Backend, 'openState' | 'writeState' | 'reserveState' | 'selectState' | 'dropState'> {
  return {
    openState: async (id) => kept.open(id),
    writeState: async (id, tensors) => kept.write(id, tensors),
    async reserveState(id, rows) {
      returnFreeMemory(); // what grows in a state has memory of its own, beside the allocator's
      kept.reserve(id, rows);
    },
    selectState: async (id, axes, rows) => kept.select(id, axes, rows),
    dropState: async (id) => kept.drop(id),
  };
}

/** No states yet. */
export function states(): States {
  const all = new Map<number, StateTensors>();
  const of = (id: number) => {
    const state = all.get(id);
    if (!state) throw new InternalError(`state ${id} is closed`);
    return state;
  };
  const drop = (id: number) => {
    all.get(id)?.free();
    all.delete(id);
  };
  return {
    open: (id) => void all.set(id, stateTensors()),
    of,
    write(id, tensors) {
      const state = of(id);
      for (const [name, tensor] of Object.entries(tensors)) {
        state.set(name, { ...tensor, data: copied(tensor.data, state.get(name)?.data) } as Tensor);
      }
    },
    reserve(id, rows) {
      for (const [name, count] of Object.entries(rows)) of(id).reserve(name, count);
    },
    select(id, axes, rows) {
      for (const [name, axis] of Object.entries(axes)) of(id).select(name, axis, rows);
    },
    drop,
    clear: () => [...all.keys()].forEach(drop),
  };
}

/** The same elements, where those before them lie if there are as many: new memory takes longer. */
function copied(data: Tensor['data'], before: Tensor['data'] | undefined): Tensor['data'] {
  if (before?.constructor !== data.constructor || before.length !== data.length) {
    return data.slice();
  }
  before.set(data as never);
  return before;
}

function stateTensors(): StateTensors {
  const tensors = new Map<string, Tensor>();
  const reserved = new Map<string, number>();
  /** Tensors that grow: rows so far, and room behind them. */
  const rooms = new Map<string, Room>();
  const growing = (name: string) => {
    const known = tensors.get(name);
    if (known && isGrowing(known)) return known;
    throw new InternalError(`state: "${name}" is not one of its tensors of floats`);
  };
  return {
    get: (name) => tensors.get(name),
    set: (name, tensor) => void tensors.set(name, tensor),
    delete(name) {
      tensors.delete(name);
    },
    reserve: (name, rows) => void reserved.set(name, rows),
    append(name, rows) {
      if (!isGrowing(rows)) throw new InternalError(`state: rows of "${name}" are no floats`);
      const { dtype, data: added } = rows;
      const none = { shape: [0, ...rows.shape.slice(1)], data: added.subarray(0, 0) };
      const { shape, data } = tensors.has(name) ? growing(name) : none;
      const start = data.length;
      const end = start + added.length;
      const row = sizeOf(rows.shape.slice(1));
      let room = rooms.get(name);
      if (room?.array.buffer !== data.buffer || room.array.length < end) {
        const old = room;
        room = roomFor(dtype, Math.max(row * (reserved.get(name) ?? 0), old ? 2 * end : end));
        room.array.set(data);
        rooms.set(name, room);
        old?.free();
      }
      room.array.set(added, start); // `data` may be in memory that is gone by now
      const longer = [shape[0] + rows.shape[0], ...rows.shape.slice(1)];
      tensors.set(name, { dtype, shape: longer, data: room.array.subarray(0, end) } as Tensor);
    },
    select(name, axis, rows) {
      const { dtype, shape, data } = growing(name);
      const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
      let end = 0;
      for (let i = 0; i < outer; i++) {
        for (const row of rows) {
          const start = (i * shape[axis] + row) * inner;
          data.copyWithin(end, start, start + inner); // never behind where it came from
          end += inner;
        }
      }
      const kept = shape.with(axis, rows.length);
      tensors.set(name, { dtype, shape: kept, data: data.subarray(0, end) } as Tensor);
    },
    free() {
      for (const room of rooms.values()) room.free();
    },
  };
}

/** Tensors that rows are added to. */
type Growing = Tensor<'float32'> | Tensor<'bfloat16'>;

function isGrowing(tensor: Tensor): tensor is Growing {
  return tensor.dtype === 'float32' || tensor.dtype === 'bfloat16';
}

interface Room {
  readonly array: Float32Array | Uint16Array;
  free(): void;
}

/**
 * Memory that can be given back at once: a plain buffer would wait for the garbage collector, which
 * sees one small object, and then for the allocator.
 */
export function roomFor(dtype: Growing['dtype'], length: number): Room {
  const Elements = dtype === 'float32' ? Float32Array : Uint16Array;
  const bytes = Elements.BYTES_PER_ELEMENT * length;
  const buffer = new (ArrayBuffer as unknown as ResizableBuffer)(bytes, { maxByteLength: bytes });
  return { array: new Elements(buffer, 0, length), free: () => buffer.resize(0) };
}

/** ES2024's, which Node 20 has. */
type ResizableBuffer = new (
  length: number,
  options: { maxByteLength: number },
) => ArrayBuffer & { resize(length: number): void };

/** The first tensor of a name in some states. */
export function lookUp(name: string, sources: readonly StateTensors[]): Tensor {
  for (const source of sources) {
    const tensor = source.get(name);
    if (tensor) return tensor;
  }
  throw new InternalError(`run: input "${name}" is neither fed nor in a state`);
}

/** Names of the outputs that go to a state, and of the inputs that they become. */
export interface Destinations {
  readonly keep: Readonly<Record<string, string>>;
  readonly append: Readonly<Record<string, string>>;
}

/** The state that takes outputs: the last one. */
export function targetOf(
  sources: readonly StateTensors[],
  { keep, append }: Destinations,
): StateTensors | undefined {
  const target = sources[sources.length - 1];
  if (!target && Object.keys({ ...keep, ...append }).length > 0) {
    throw new InternalError('run: outputs are kept, but no state was given to keep them in');
  }
  return target;
}

/** Puts outputs where they go; gives those that go to the caller. */
export function settle(
  outputs: Iterable<readonly [string, Tensor]>,
  { keep, append }: Destinations,
  target: StateTensors | undefined,
): Record<string, Tensor> {
  const results: Record<string, Tensor> = {};
  for (const [name, tensor] of outputs) {
    if (name in keep) target?.set(keep[name], tensor);
    else if (name in append) target?.append(append[name], tensor);
    else results[name] = tensor;
  }
  return results;
}
