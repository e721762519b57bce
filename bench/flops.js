import { costOf } from '../dist/graph/cost.js';
import { reachable } from '../dist/graph/graph.js';
import { concreteShapes } from '../dist/graph/sizes.js';

/**
 * A counter of the multiplications and additions in matrix products of logged runs. It follows the
 * shapes of what stays in states, so it has to see the whole log, entry by entry.
 */
export function flopCounter() {
  const states = new Map(); // shapes by name, by state
  const known = new Map(); // what a run of a job does, by its sizes
  return function count({ job, shapes, states: ids, selects }) {
    const sources = ids.map((id) => states.get(id) ?? new Map());
    ids.forEach((id, i) => {
      states.set(id, sources[i]);
    });
    const target = sources.at(-1);
    if (selects) {
      const [axes, rows] = selects;
      for (const [name, axis] of Object.entries(axes)) {
        target.set(name, target.get(name).with(axis, rows.length));
      }
      return 0;
    }
    if (!job) {
      for (const [name, shape] of shapes) target.set(name, shape);
      return 0;
    }
    const sizes = sizesOf(job.graph, [shapes, ...sources]);
    const key = JSON.stringify(sizes);
    if (!known.has(job)) known.set(job, new Map());
    const runs = known.get(job);
    if (!runs.has(key)) runs.set(key, runOf(job, sizes));
    const { flops, kept, appended } = runs.get(key);
    for (const [name, shape] of kept) target.set(name, shape);
    for (const [name, [rows, ...rest]] of appended) {
      const before = target.get(name)?.[0] ?? 0;
      target.set(name, [before + rows, ...rest]);
    }
    return flops;
  };
}

/** What the symbols of a graph's inputs are in a run. */
function sizesOf(graph, sources) {
  const sizes = {};
  for (const [name, { shape: dims }] of graph.inputs) {
    if (dims.every((dim) => typeof dim === 'number')) continue;
    const shape = sources.find((source) => source.has(name))?.get(name);
    dims.forEach((dim, i) => {
      if (typeof dim === 'string' && shape) sizes[dim] = shape[i];
    });
  }
  return sizes;
}

function runOf({ graph, keep, append }, sizes) {
  const shapes = concreteShapes(reachable(graph.outputs.values()), sizes);
  const staying = (names) =>
    Object.entries(names).map(([output, input]) => [input, shapes.get(graph.outputs.get(output))]);
  return { flops: costOf(graph, sizes).flops, kept: staying(keep), appended: staying(append) };
}
