import type { Graph, Value } from '../graph/graph.ts';
import { add, mul, sub } from '../graph/ops/elementwise.ts';
import { gather } from '../graph/ops/gather.ts';
import { concat, slice } from '../graph/ops/shape.ts';
import { float32 } from '../tensor.ts';

/** How far queries and keys turn at each place: cos and sin [time, size / 2]. */
export interface Rotation {
  readonly cos: Value;
  readonly sin: Value;
}

/** What the angles follow from. */
export interface RotaryOptions {
  /** The base: the last pair of elements turns about `theta` times slower than the first. */
  readonly theta: number;
  /** Width of one head, even. */
  readonly size: number;
  /** Places that there can be. */
  readonly positions: number;
}

/** The rotation at some places, int64 [time]. */
export function rotationAt(places: Value, options: RotaryOptions): Rotation {
  const { cos, sin } = rotaryTables(places.graph, options);
  return { cos: gather(cos, places), sin: gather(sin, places) };
}

/**
 * cos and sin of position theta^(-2i / size), [positions, size / 2]. As tables, not computed when the
 * graph runs: an angle of some thousand is no number for a runtime that computes in half precision.
 * In float32 steps, as PyTorch computes it: at far places the angles are no more exact than these.
 */
function rotaryTables(graph: Graph, { theta, size, positions }: RotaryOptions): Rotation {
  const { fround } = Math;
  const half = size / 2;
  const speeds = Array.from({ length: half }, (_, i) =>
    fround(1 / fround(theta ** fround((2 * i) / size))),
  );
  const table = (wave: (angle: number) => number) => {
    const data = new Float32Array(positions * half);
    for (let position = 0, at = 0; position < positions; position++) {
      for (const speed of speeds) data[at++] = wave(fround(position * speed));
    }
    return graph.constant(float32(data, [positions, half]));
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/**
 * Rotary position embedding: element i of a head and element i + size / 2 are a point of a plane, which
 * turns. x [batch, heads, time, size] -> the same shape.
 * @see Su et al. 2021, https://arxiv.org/abs/2104.09864; apply_rotary_pos_emb of transformers
 */
export function rotate(x: Value, { cos, sin }: Rotation): Value {
  const size = x.shape[3] as number;
  const [a, b] = [0, size / 2].map((start) => slice(x, { axis: 3, start, end: start + size / 2 }));
  return concat(sub(mul(a, cos), mul(b, sin)), add(mul(b, cos), mul(a, sin)), { axis: 3 });
}
