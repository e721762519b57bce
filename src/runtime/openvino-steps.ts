/** Finds the attention of a decoding step, whose past the model itself can hold. Pure. */
import {
  type Attributes,
  Graph,
  isOp,
  leafIn,
  type Op,
  reachable,
  readBy,
  type Value,
} from '../graph/graph.ts';

/** Attention of one position to those before it and to itself, as `stepPass` of nn/passes.ts makes it. */
interface Step {
  readonly query: Value;
  /** Of the position itself: [batch, heads, 1, size]. */
  readonly own: Pair;
  /** Inputs: [past, batch, heads, size]. */
  readonly past: Pair;
  readonly bias: Value;
}

interface Pair {
  readonly key: Value;
  readonly value: Value;
}

/** A graph whose attention over a past is one op each, `stepOp`, and whose rows of a past are no outputs. */
export interface SteppingGraph {
  readonly graph: Graph;
  /** Names of the outputs that would be appended to a past, by the input that they become. */
  readonly outputs: ReadonlyMap<string, string>;
}

/**
 * Attention over a past that the model holds: query, own key, own value, past key, past value and bias ->
 * [batch, heads, 1, size]. No other engine knows it.
 */
export const stepOp: Op = { onnx: 'Step', shape: ([query]) => query.shape };

/** The graph with its steps as ops; undefined where there are none, or anything else reads the past. */
export function withSteps(
  graph: Graph,
  append: Readonly<Record<string, string>>,
): SteppingGraph | undefined {
  const steps = new Map<Value, Step>();
  for (const value of reachable(graph.outputs.values())) {
    const step = stepAt(value);
    if (step) steps.set(value, step);
  }
  if (steps.size === 0) return undefined;
  const outputs = new Map<string, string>();
  for (const { past, own } of steps.values()) {
    for (const [input, row] of [
      [past.key, own.key],
      [past.value, own.value],
    ]) {
      const name = nameOf(input);
      const output = Object.keys(append).find((one) => append[one] === name);
      if (output === undefined || !isRow(graph.outputs.get(output), row)) return undefined;
      outputs.set(name, output);
    }
  }
  const isKept = new Set(outputs.values());
  if (isKept.size !== 2 * steps.size) return undefined;
  const copy = new Graph();
  const copies = new Map<Value, Value>();
  const roots = [...graph.outputs].filter(([name]) => !isKept.has(name));
  const readOf = (value: Value): readonly Value[] => {
    const step = steps.get(value);
    if (!step) return readBy(value);
    const { query, own, past, bias } = step;
    return [query, own.key, own.value, past.key, past.value, bias];
  };
  for (const value of belowOf(
    roots.map(([, root]) => root),
    readOf,
  )) {
    const { source } = value;
    const read = readOf(value);
    const isStep = steps.has(value);
    const readsPast = read.some((input) => outputs.has(nameOf(input)));
    if (readsPast && !isStep && !isOp(value, 'Shape')) return undefined;
    const inputs = read.map((input) => copies.get(input)!);
    const leaf = leafIn(copy, value);
    if (leaf) copies.set(value, leaf);
    if (source.kind !== 'op') continue;
    const { op, attributes } = source;
    const behind = isStep ? [] : source.inputs.slice(read.length).map((x) => copies.get(x)!);
    const node = isStep
      ? copy.node(stepOp, inputs, {})
      : copy.node(op, [...inputs, ...behind], attributes);
    copies.set(value, node);
  }
  for (const [name, root] of roots) copy.output(name, copies.get(root)!);
  return { graph: copy, outputs };
}

/** Values that some are made from, in topological order, and what their ops have besides. */
function belowOf(roots: readonly Value[], readOf: (value: Value) => readonly Value[]): Value[] {
  const seen = new Set<Value>();
  const open = [...roots];
  for (let value = open.pop(); value; value = open.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    const read = readOf(value);
    const isWhole = read.length === readBy(value).length && read[0] === readBy(value)[0];
    open.push(...read, ...(isWhole ? inputsOf(value).slice(read.length) : []));
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

function nameOf({ source }: Value): string {
  return source.kind === 'input' ? source.name : '';
}

/** own [batch, heads, 1, size] as [1, batch, heads, size] */
function isRow(value: Value | undefined, own: Value): boolean {
  return value !== undefined && isOp(value, 'Reshape') && inputsOf(value)[0] === own;
}

/** seen + toSelf · value of softmax(query [past; own]ᵀ + bias), where it is that. */
function stepAt(value: Value): Step | undefined {
  const [seen, itself] = operands(value, 'Add');
  const [toPast, pastValue] = operands(seen, 'MatMul');
  const [toSelf, ownValue] = operands(itself, 'Mul');
  const [weights] = operands(toPast, 'Slice');
  const [same] = operands(toSelf, 'Slice');
  const [scores] = operands(weights, 'Softmax');
  const [products, bias] = operands(scores, 'Add');
  const [before, self] = operands(products, 'Concat');
  const [query, pastKey] = operands(before, 'MatMul');
  const [own] = operands(self, 'ReduceSum');
  const [asked, ownKey] = operands(own, 'Mul');
  const [key] = operands(pastKey, 'Transpose');
  const [past] = operands(pastValue, 'Transpose');
  if (!bias || !query || !ownValue || !ownKey || same !== weights || asked !== query) {
    return undefined;
  }
  const permutations = [pastKey, pastValue].map((one) => `${attributesOf(one).perm}`);
  if (`${permutations}` !== '1,2,3,0,1,2,0,3') return undefined;
  if (key?.source.kind !== 'input' || past?.source.kind !== 'input') return undefined;
  return { query, own: { key: ownKey, value: ownValue }, past: { key, value: past }, bias };
}

function inputsOf({ source }: Value): readonly Value[] {
  return source.kind === 'op' ? source.inputs : [];
}

function attributesOf(value: Value | undefined): Attributes {
  return value?.source.kind === 'op' ? value.source.attributes : {};
}

/** What an op of that kind reads; nothing of another. */
function operands(value: Value | undefined, onnx: string): readonly (Value | undefined)[] {
  return value && isOp(value, onnx) ? inputsOf(value) : [];
}
