import { InternalError } from '../errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { sizeOf, type Tensor } from '../tensor.ts';

/** Tensors by name. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** A wrong dtype or size deep inside an engine is hard to read; here it has a name. */
export function checkFeeds(graph: Graph, feeds: Feeds): void {
  const sizes = new Map<string, { size: number; name: string }>();
  for (const [name, tensor] of Object.entries(feeds)) {
    const input = graph.inputs.get(name);
    if (!input) throw new InternalError(`run: the graph has no input "${name}"`);
    checkTensor(name, tensor, input);
    for (const [i, dim] of input.shape.entries()) {
      if (typeof dim === 'number') continue;
      const size = tensor.shape[i];
      const first = sizes.get(dim) ?? { size, name };
      sizes.set(dim, first);
      if (first.size === size) continue;
      throw new InternalError(
        `run: ${dim} is ${first.size} in "${first.name}", but ${size} in "${name}"`,
      );
    }
  }
}

function checkTensor(name: string, tensor: Tensor, input: Value): void {
  const fits =
    tensor.shape.length === input.shape.length &&
    input.shape.every((dim, i) => typeof dim === 'string' || dim === tensor.shape[i]);
  if (!fits || tensor.dtype !== input.dtype) {
    const expected = `${input.dtype} [${input.shape}]`;
    throw new InternalError(`run: "${name}" is ${tensor.dtype} [${tensor.shape}], not ${expected}`);
  }
  if (tensor.data.length !== sizeOf(tensor.shape)) {
    const elements = `${tensor.data.length} elements`;
    throw new InternalError(`run: "${name}" is [${tensor.shape}], but has ${elements}`);
  }
}
