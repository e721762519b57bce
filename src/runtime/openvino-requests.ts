/** Runs of a compiled model: what it was given, and a past of its own for each state. I/O. */
import { InternalError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { int64 } from '../tensor.ts';
import type { LoadRequest } from './backend.ts';
import { rowsInput } from './backend.ts';
import type { Feeds } from './feeds.ts';
import type { OpenVino, Pointer } from './openvino-library.ts';
import { lookUp, type StateTensors } from './states.ts';

/** A compiled model as far as its runs are concerned. */
export type Model = Pick<LoadRequest, 'inputs' | 'outputs' | 'append'> & {
  readonly compiled: Pointer;
  readonly variables: NonNullable<LoadRequest['variables']>;
};

/** A request of the library, and the past that it holds if its model has variables. */
export interface Request {
  /** Computes; outputs are there until the next run. */
  run(feeds: Feeds, sources: readonly StateTensors[]): void;
  /** An output in the library's own memory. */
  output(name: string): Tensor;
  /** Rows of the past that go on in the next run. */
  select(rows: readonly number[]): void;
  free(): void;
}

/** A request for a model. One whose model has variables begins with what a state holds, and takes it away. */
export function requestOf(openvino: OpenVino, model: Model): Request {
  const { compiled, variables } = model;
  const request = openvino.createRequest(compiled);
  const given = new Map<string, Tensor>();
  const outside = outputsOf(model);
  const inside = new Set(variables.map(({ input }) => input));
  const give = (name: string, tensor: Tensor) => {
    if (given.get(name) === tensor) return;
    openvino.setInput(request, name, tensor);
    given.set(name, tensor); // the library reads it where it is
  };
  let past: { rows: number; batch: number; rest: readonly number[] } | undefined;
  let order: readonly number[] = [];

  /** Takes over what the last state holds. */
  const begin = (sources: readonly StateTensors[]) => {
    for (const { input } of variables) {
      const tensor = lookUp(input, sources);
      const [rows, batch, ...rest] = tensor.shape;
      past = { rows, batch, rest };
      give(input, tensor);
    }
    order = Array.from({ length: past!.batch }, (_, row) => row);
    for (const { input } of variables) sources.at(-1)?.delete(input);
  };
  /** Tells rows and sizes of the past. */
  const tell = () => {
    const { rows, rest } = past!;
    const [ids, shape] = [Int32Array.from(order), [order.length]];
    give(rowsInput, { dtype: 'int32', shape, data: ids });
    for (const sizes of new Set(variables.flatMap((one) => one.sizes ?? []))) {
      give(sizes, int64([rows, order.length, ...rest]));
    }
  };
  return {
    run(feeds, sources) {
      if (variables.length > 0) {
        if (!past) begin(sources);
        tell();
      }
      for (const name of model.inputs) {
        if (!inside.has(name)) give(name, feeds[name] ?? lookUp(name, sources));
      }
      openvino.infer(request);
      if (!past) return;
      const batch = order.length;
      past = { ...past, rows: past.rows + 1, batch };
      order = Array.from({ length: batch }, (_, row) => row);
    },
    output(name) {
      const index = outside.indexOf(name);
      if (index < 0) throw new InternalError(`openvino: "${name}" stays in the model`);
      return openvino.output(request, index);
    },
    select(rows) {
      order = rows.map((row) => order[row]);
    },
    free: () => openvino.free('request', request),
  };
}

/** Names of the outputs that leave a model, in its order. */
export function outputsOf({ outputs, variables }: Pick<Model, 'outputs' | 'variables'>): string[] {
  const inside = new Set(variables.map(({ output }) => output));
  return outputs.filter((name) => !inside.has(name));
}
