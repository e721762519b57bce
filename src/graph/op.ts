import type { DType, Tensor } from '../tensor.ts';
import type { Shape, Value } from './graph.ts';

/** Settings of an op that are known when the graph is built. */
export type Attributes = Readonly<Record<string, unknown>>;

/** What a gradient rule sees of the node that it belongs to. */
export interface GradientContext<Inputs extends readonly Value[], A> {
  readonly inputs: Inputs;
  readonly output: Value;
  /** dLoss/dOutput, of the output's shape. */
  readonly cotangent: Value;
  readonly attributes: A;
}

/** Everything there is to know about an op: its ONNX name, its shape rule, its gradient rule. */
export interface OpRecord<Inputs extends readonly Value[], A> {
  /** Operator of the standard ONNX domain, opset 21. */
  readonly onnx: string;
  readonly shape: (inputs: Inputs, attributes: A) => Shape;
  /** Element type of the output; that of the first input unless said otherwise. */
  readonly dtype?: (inputs: Inputs, attributes: A) => DType;
  /** dLoss/dInput for each input; null where none flows. Without a rule, nothing can flow. */
  readonly gradient?: (context: GradientContext<Inputs, A>) => (Value | null)[];
  /** A simpler value that is always equal, if there is one. */
  readonly simplify?: (inputs: Inputs, attributes: A) => Value | undefined;
  /** How many of its inputs the ONNX operator has; those behind serve the gradient rule. @default all */
  readonly reads?: number;
  /** How attributes are written in ONNX; as they are, unless said otherwise. */
  readonly encode?: (attributes: A) => Encoded;
}

/** ONNX attributes, and attributes that ONNX takes as further inputs. */
export interface Encoded {
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  readonly operands?: readonly Tensor[];
}
/** An ONNX attribute: INT, STRING or INTS. */
export type OnnxAttribute = number | string | readonly number[];

/** An op whose types are forgotten. */
export type Op = OpRecord<readonly Value[], Attributes>;

/** The function that an op is called by: its inputs, then its attributes if it has any. */
export type OpOf<Inputs extends readonly Value[], A = never> = [A] extends [never]
  ? (...inputs: Inputs) => Value
  : (...args: [...Inputs, A]) => Value;

const definitions: Op[] = [];

/** All ops there are; the table test goes through them. */
export const allOps: readonly Op[] = definitions;

/** Makes the function that adds an op to the graph of its inputs. */
export function defineOp<Inputs extends readonly Value[]>(
  record: OpRecord<Inputs, Attributes>,
): OpOf<Inputs>;
export function defineOp<Inputs extends readonly Value[], A extends Attributes>(
  record: OpRecord<Inputs, A>,
): OpOf<Inputs, A>;
export function defineOp(record: OpRecord<never, never>) {
  const op = record as unknown as Op;
  definitions.push(op);
  return (...args: (Value | Attributes)[]): Value => {
    const inputs = args.filter(isValue);
    const last = args[args.length - 1];
    const attributes = isValue(last) ? {} : last;
    return op.simplify?.(inputs, attributes) ?? inputs[0].graph.node(op, inputs, attributes);
  };
}

function isValue(argument: unknown): argument is Value {
  return typeof argument === 'object' && argument !== null && 'graph' in argument;
}
