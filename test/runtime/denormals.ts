import { arch } from 'node:process';
import { Graph } from '../../src/graph/graph.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { float32 } from '../../src/tensor.ts';

/** Elements that all threads of an engine get a part of. */
const many = 1 << 20;

/** Share of products of 1e-40 that an engine takes for 0. */
export async function flushed(engine: Engine): Promise<number> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['n']);
  graph.output('y', mul(x, x));
  const session = await engine.compile(graph);
  const { y } = await session.run({ x: float32(new Float32Array(many).fill(1e-20)) });
  await session.close();
  return (y.data as Float32Array).filter((product) => product === 0).length / many;
}

/** What a processor of this kind can do. */
export const allOrNothing = arch === 'x64' ? 1 : 0;
