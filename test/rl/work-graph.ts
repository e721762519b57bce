/** Graphs worked out in float64, without an engine. */
import { Graph, type Value } from '../../src/graph/graph.ts';
import type { GradientResult, TokenScores } from '../../src/model/policy.ts';
import type { Loss } from '../../src/model/policy-graphs.ts';
import type { Rows } from '../../src/rl/masked.ts';

const operators: Record<string, (...x: number[]) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Max: Math.max,
  Min: Math.min,
  Neg: (x) => -x,
  Abs: Math.abs,
  Exp: Math.exp,
  Less: (a, b) => Number(a < b),
  Cast: (x) => x,
};

/** What a value is, given the graph's inputs: lists of one length, or scalars. */
function work(value: Value, inputs: Record<string, readonly number[]>): readonly number[] {
  const { source } = value;
  if (source.kind === 'input') return inputs[source.name];
  if (source.kind === 'constant') return Array.from(source.tensor.data as Float32Array);
  if (source.kind !== 'op') throw new Error(source.kind);
  const lists = source.inputs.map((input) => work(input, inputs));
  if (source.op.onnx === 'ReduceSum') return [lists[0].reduce((a, b) => a + b, 0)];
  const length = Math.max(...lists.map((list) => list.length));
  const operator = operators[source.op.onnx];
  return Array.from({ length }, (_, i) =>
    operator(...lists.map((list) => list[list.length === 1 ? 0 : i])),
  );
}

const outputs = ['logprobs', 'values', 'entropies'] as const;

/** A loss over any number of tokens, as a graph. */
export function builtLoss(loss: Loss) {
  const graph = new Graph();
  const input = (name: string) => graph.input(name, 'float32', ['tokens']);
  const [logprobs, values, entropies, logits] = [...outputs, 'logits'].map(input);
  const own = Object.fromEntries(loss.inputs.map((name) => [name, input(name)]));
  return loss.build({ logprobs, values, entropies, logits }, own);
}

/** What a policy would answer that says this of the tokens; terms are rounded to float32. */
export function workedLoss(
  loss: Loss,
  scores: readonly TokenScores[],
  inputs: Readonly<Record<string, Rows>>,
): Pick<GradientResult, 'loss' | 'terms' | 'scores'> {
  const flat = (rows: Rows) => rows.flatMap((row) => [...row]);
  const said = outputs.map((name) => [name, scores.map((row) => row[name])] as const);
  const given = Object.fromEntries(
    [...said, ...Object.entries(inputs)].map(([name, rows]) => [name, flat(rows)]),
  );
  const built = builtLoss(loss);
  const rowsOf = (numbers: readonly number[]) => {
    const left = [...numbers];
    return scores.map(({ logprobs }) => Float32Array.from(left.splice(0, logprobs.length)));
  };
  const terms = Object.entries(built.terms ?? {}).map(([name, value]) => [
    name,
    rowsOf(work(value, given)),
  ]);
  const [total] = work(built.loss, given);
  return { loss: total, terms: Object.fromEntries(terms), scores: [...scores] };
}
