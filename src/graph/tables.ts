import { type Graph, isOp, reachable, readBy, type Value } from './graph.ts';

/** Weights of which every element is read: all but tables that rows are taken from, and nothing else. */
export function readWhole(graph: Graph): Value[] {
  const found = new Set<Value>();
  for (const value of reachable(graph.outputs.values())) {
    for (const input of readBy(value).slice(isOp(value, 'Gather') ? 1 : 0))
      if (input.source.kind === 'weight') found.add(input);
  }
  return [...found];
}
