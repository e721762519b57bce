/** What an engine's results are to the last bit: two that agree here are taken to agree everywhere. I/O. */
import { createHash } from 'node:crypto';
import { Graph } from '../graph/graph.ts';
import { matmul } from '../graph/ops/linear.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Feeds } from '../runtime/feeds.ts';
import { selfTestRuns } from '../runtime/self-test.ts';
import { float32 } from '../tensor.ts';
import { encode } from './codec.ts';

/** In tokens. */
const lengths = [13, 48, 200];
/** Of products, from the width of a small model to that of a large one. */
const [depth, columns, rows] = [512, [256, 512, 1024, 2048], [1, 16, 128]];

/**
 * SHA-256 in hex of an engine's results of the self-test, and of what they belong to: its library, what it
 * computes products in, and tactful's version, whose graphs and routines it runs.
 */
export async function bitsOf(
  engine: Pick<Engine, 'compile' | 'library' | 'device' | 'precision'>,
  version: string,
): Promise<string> {
  const { library, device, precision } = engine;
  const runs = await selfTestRuns(engine, lengths);
  const products = await productsOf(engine);
  const bytes = encode({ library, device, precision, version, runs, products });
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Products that show what small models do not: ONNX Runtime adds in another order where each of its threads
 * has less than 64 columns. One input is so small that it vanishes where denormal numbers are 0.
 */
async function productsOf(engine: Pick<Engine, 'compile'>): Promise<Feeds[]> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['rows', depth]);
  for (const width of columns) {
    graph.output(`product ${width}`, matmul(x, graph.weight(`weight ${width}`, [depth, width])));
  }
  const read = async (name: string, shape: readonly number[]) => numbers(name.length, shape);
  const session = await engine.compile(graph, { name: 'self-test', weights: { read } });
  try {
    const results: Feeds[] = [];
    for (const count of rows) {
      const values = numbers(count, [count, depth]);
      if (count === 1) values.fill(1e-39);
      results.push(await session.run({ x: float32(values, [count, depth]) }));
    }
    return results;
  } finally {
    await session.close();
  }
}

/** Numbers from -1 to 1 without order: a million of them in no time. */
function numbers(start: number, [rows, columns]: readonly number[]): Float32Array {
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.imul(start + i, 0x9e3779b1) / 2 ** 31;
  }
  return values;
}
