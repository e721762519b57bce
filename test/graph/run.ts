import { Graph, type Value } from '../../src/graph/graph.ts';
import type { CompileOptions, Engine } from '../../src/runtime/engine.ts';
import type { Feeds } from '../../src/runtime/feeds.ts';
import type { Tensor } from '../../src/tensor.ts';
import { openEngine } from '../engine.ts';

const onnxRuntime = openEngine('onnxruntime', { threads: 1 });

/** Builds a graph, runs it once, and gives its outputs. */
export async function runGraph(
  build: (graph: Graph) => Record<string, Value>,
  feeds: Feeds = {},
  options: CompileOptions = {},
  engine: Engine | Promise<Engine> = onnxRuntime,
): Promise<Record<string, Tensor>> {
  const graph = new Graph();
  for (const [name, value] of Object.entries(build(graph))) graph.output(name, value);
  const session = await (await engine).compile(graph, options);
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

/** The elements of a tensor as numbers. */
export function numbers({ data }: Tensor): number[] {
  return Array.from(data as ArrayLike<number | bigint>, Number);
}
