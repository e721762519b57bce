import { InternalError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { Feeds } from './engine.ts';

/** Tensors of one state, by name. */
export interface StateTensors {
  get(name: string): Tensor | undefined;
  /** Takes the tensor as it is. */
  set(name: string, tensor: Tensor): void;
  /** Adds rows (axis 0) behind those that are there, in place where there is room. */
  append(name: string, rows: Tensor): void;
}

/** The states of a backend that computes in this process's memory. */
export interface States {
  open(id: number): void;
  of(id: number): StateTensors;
  /** Copies tensors into a state: the caller keeps its own. */
  write(id: number, tensors: Feeds): void;
  drop(id: number): void;
  clear(): void;
}

/** No states yet. */
export function states(): States {
  const all = new Map<number, StateTensors>();
  const of = (id: number) => {
    const state = all.get(id);
    if (!state) throw new InternalError(`state ${id} is closed`);
    return state;
  };
  return {
    open: (id) => void all.set(id, stateTensors()),
    of,
    write(id, tensors) {
      const state = of(id);
      for (const [name, tensor] of Object.entries(tensors)) {
        state.set(name, { ...tensor, data: tensor.data.slice() } as Tensor);
      }
    },
    drop: (id) => void all.delete(id),
    clear: () => all.clear(),
  };
}

function stateTensors(): StateTensors {
  const tensors = new Map<string, Tensor>();
  /** Arrays with room behind the rows so far. */
  const rooms = new Map<string, Float32Array>();
  return {
    get: (name) => tensors.get(name),
    set: (name, tensor) => void tensors.set(name, tensor),
    append(name, rows) {
      const known = tensors.get(name);
      if (known?.dtype !== 'float32' || rows.dtype !== 'float32') {
        throw new InternalError(`append: "${name}" is not a float32 tensor of the state`);
      }
      const [before, added] = [known.data as Float32Array, rows.data as Float32Array];
      const end = before.length + added.length;
      let room = rooms.get(name);
      if (!room || room.buffer !== before.buffer || room.length < end) {
        room = new Float32Array(2 * end);
        room.set(before);
        rooms.set(name, room);
      }
      room.set(added, before.length);
      const shape = [known.shape[0] + rows.shape[0], ...rows.shape.slice(1)];
      tensors.set(name, { dtype: 'float32', shape, data: room.subarray(0, end) });
    },
  };
}
