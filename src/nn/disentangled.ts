/**
 * Attention that knows words and distances apart (He et al. 2021, https://arxiv.org/abs/2006.03654,
 * and https://arxiv.org/abs/2111.09543 for its buckets): a word asks for other words and for places
 * at some distance from it, and a place at some distance asks for words.
 */
import type { Value } from '../graph/graph.ts';
import { add, max, min, mul, sub } from '../graph/ops/elementwise.ts';
import { gather } from '../graph/ops/gather.ts';
import { matmul } from '../graph/ops/linear.ts';
import {
  concat,
  cut,
  indicesAlong,
  reduceSum,
  reshape,
  shapeOf,
  slice,
  swapLast,
  transpose,
} from '../graph/ops/shape.ts';
import { embedding, layerNorm, linear } from './layers.ts';
import type { Scope } from './scope.ts';

/** How a text's distances are told apart. */
export interface Distances {
  /** Buckets on each side, exact when near and logarithmic when far. @default one a distance */
  readonly buckets?: number | undefined;
  /** Distances from here on are one. */
  readonly reach: number;
  /** The longest text. */
  readonly longest: number;
}

/** What of distances is asked: by the word of the place (c2p), and by the place of the word (p2c). */
export const distanceTerms = ['c2p', 'p2c'] as const;
export type DistanceTerm = (typeof distanceTerms)[number];

/** What decides a module's attention. */
export interface Disentangled {
  readonly hidden: number;
  readonly heads: number;
  readonly terms: readonly DistanceTerm[];
  /** The matrices for words serve for distances too. */
  readonly shared: boolean;
}

/** Hidden states of distances: what words ask for, and what asks for words. */
export interface DistanceStates {
  readonly asked: Value;
  readonly asking: Value;
}

/** How the words that attend, all of a text or its first, meet the distances to all of its words. */
export interface Readers {
  /** Distances from reader to word, in the order that the other two want. */
  distances(slots: Value): { readonly asked: Value; readonly asking: Value };
  /** query [batch, heads, readers, size], asked [heads, n, size] -> [batch, heads, readers, time] */
  ofWords(query: Value, asked: Value): Value;
  /** key [batch, heads, time, size], asking [heads, n, size] -> [batch, heads, readers, time] */
  ofPlaces(key: Value, asking: Value): Value;
}

/** Each word of a text: n = 2 time distances, of which each has its own part. */
export const everyWord: Readers = {
  distances(slots) {
    const places = indicesAlong(slots, 1);
    const [down, up] = [sub(places.graph.integers(0), places), places];
    const time = shapeOf(slots, { start: 1, end: 2 });
    return {
      asked: concat(sub(time, places), down, { axis: 0, dim: 'distances' }),
      asking: concat(sub(places, time), up, { axis: 0, dim: 'distances' }),
    };
  },
  ofWords: (query, asked) => byDistance(matmul(query, swapLast(asked))),
  ofPlaces: (key, asking) => swapLast(byDistance(matmul(key, swapLast(asking)))),
};

/** The first word of each text: n = time distances. */
export const firstWord: Readers = {
  distances(slots) {
    const places = indicesAlong(slots, 1);
    const down = sub(places.graph.integers(0), places);
    return { asked: down, asking: down };
  },
  ofWords: (query, asked) => matmul(query, swapLast(asked)),
  ofPlaces(key, asking) {
    const [batch, heads, time] = key.shape;
    return reshape(reduceSum(mul(key, asking), { axis: -1 }), [batch, heads, 1, time]);
  },
};

/**
 * What each word has for each distance, by the place at that distance: [batch, heads, time, 2 time],
 * distances time to 1 - time, -> [batch, heads, time, time], element [i, j] that of i - j. Rows of one
 * element less, read from the same memory, stand one to the left each (Dai et al. 2019): there is
 * nothing to gather, and nothing to scatter in the gradient.
 */
function byDistance(x: Value): Value {
  const [batch, heads, time, distances] = x.shape;
  const { MAX_SAFE_INTEGER: end } = Number;
  const turned = reshape(x, [batch, heads, distances, time]);
  const rest = slice(turned, { axis: 2, start: 1, end, dim: 'distances-1' });
  const moved = reshape(rest, [batch, heads, time, 'distances-1']);
  const border = shapeOf(x, { start: 2, end: 3 });
  return cut(moved, border, { axis: 3, dims: [time, 'rest'] })[0];
}

/**
 * Hidden states of the distances between readers and words, from the table `rel_embeddings`: once for
 * all layers.
 * @param epsilon of the norm that they go through. @default none
 */
export function distanceStates(
  p: Scope,
  { hidden, epsilon }: { hidden: number; epsilon?: number | undefined },
  distances: Distances,
  { asked, asking }: ReturnType<Readers['distances']>,
): DistanceStates {
  const { buckets, reach, longest } = distances;
  const rows = 2 * (buckets ?? reach);
  const table = asked.graph.integers(
    Array.from({ length: 2 * longest + 1 }, (_, i) => distanceRow(i - longest, distances)),
  );
  const [least, most] = [-longest, longest].map((bound) => table.graph.integers(bound));
  const states = (distance: Value) => {
    const near = min(max(distance, least), most);
    const x = embedding(p.child('rel_embeddings'), gather(table, add(near, most)), rows, hidden);
    return epsilon === undefined ? x : layerNorm(p.child('LayerNorm'), x, epsilon);
  };
  return { asked: states(asked), asking: states(asking) };
}

/**
 * What distances add to the scores of a module, [batch, heads, readers, time].
 * query [batch, heads, readers, size], already scaled, key [batch, heads, time, size]
 * @param scale of the keys' part
 */
export function distanceScores(
  p: Scope,
  { hidden, heads, terms, shared }: Disentangled,
  { query, key, scale }: { query: Value; key: Value; scale: number },
  { states: { asked, asking }, readers }: { states: DistanceStates; readers: Readers },
): Value[] {
  const byHead = (name: string, x: Value) => {
    const states = linear(p.child(name), x, hidden, { bias: true });
    return transpose(reshape(states, [x.shape[0], heads, hidden / heads]), { perm: [1, 0, 2] });
  };
  return terms.map((term) => {
    if (term === 'c2p') {
      return readers.ofWords(query, byHead(shared ? 'key_proj' : 'pos_key_proj', asked));
    }
    const own = byHead(shared ? 'query_proj' : 'pos_query_proj', asking);
    return readers.ofPlaces(key, mul(own, own.graph.scalar(scale)));
  });
}

/** Row of a distance (reader - word) in the table of all. */
export function distanceRow(distance: number, { buckets, reach }: Omit<Distances, 'longest'>) {
  const span = buckets ?? reach;
  const bucket = buckets === undefined ? distance : logBucket(distance, buckets, reach);
  return Math.min(Math.max(bucket + span, 0), 2 * span - 1);
}

/**
 * Near distances as they are, far ones as the logarithm has it, with the same sign. In float32 steps,
 * as PyTorch computes it: a bucket's border must not move.
 * @see make_log_bucket_position in transformers' modeling_deberta_v2.py
 */
export function logBucket(distance: number, buckets: number, reach: number): number {
  const middle = buckets >> 1;
  const length = Math.abs(distance);
  if (length <= middle) return distance;
  const { fround } = Math;
  const logarithm = (ratio: number) => fround(Math.log(fround(ratio)));
  const share = fround(logarithm(length / middle) / logarithm((reach - 1) / middle));
  return Math.sign(distance) * (Math.ceil(fround(share * (middle - 1))) + middle);
}
