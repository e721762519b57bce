/** A row of the table of all ops: how an op is built, and what it must be equal to. */
import type { Dim, Value } from '../../src/graph/graph.ts';
import type { Nd } from './reference.ts';

export type Shape = readonly number[];

/** What the elements of an input are drawn from. */
export interface Input {
  readonly shape: Shape;
  /** real: normal; positive: above 0.5; far: at least 0.5 from 0; index: below `limit`. */
  readonly kind: 'real' | 'positive' | 'far' | 'bool' | 'index';
  readonly limit?: number;
}

/** One op on inputs of some shapes. */
export interface OpCase {
  readonly name: string;
  readonly inputs: readonly Input[];
  /** `dim` gives the name of a size in graphs with symbolic sizes, and the size itself in others. */
  readonly build: (values: Value[], dim: (size: number) => Dim) => Value;
  readonly reference: (...arrays: Nd[]) => Nd;
  /** The op has no gradient rule. */
  readonly noRule?: boolean;
}

export const real = (...shape: Shape): Input => ({ shape, kind: 'real' });
export const positive = (...shape: Shape): Input => ({ shape, kind: 'positive' });
export const far = (...shape: Shape): Input => ({ shape, kind: 'far' });
export const bool = (...shape: Shape): Input => ({ shape, kind: 'bool' });
export const index = (limit: number, ...shape: Shape): Input => ({ shape, kind: 'index', limit });

function named(name: string, inputs: readonly Input[]): string {
  const types = inputs.map(({ kind, shape }) => `${kind} [${shape}]`);
  return `${name} of ${types.join(', ')}`;
}

type Rest = Pick<OpCase, 'build' | 'reference' | 'noRule'>;

export function one(name: string, inputs: readonly Input[], rest: Rest): OpCase {
  return { name: named(name, inputs), inputs, ...rest };
}
