import type { Value } from '../graph/graph.ts';
import { reshape } from '../graph/ops/shape.ts';
import { linear } from './layers.ts';
import type { Scope } from './scope.ts';

/** Where the value head's parameters live, in TRL's words. */
const path = 'v_head.summary';

/** Whether a parameter is the value head's. */
export function isValueHead(name: string): boolean {
  return name.startsWith(`${path}.`);
}

/** The critic: hidden [n, dModel], after the decoder's final layer norm -> values [n]. */
export function valueHead(p: Scope, hidden: Value): Value {
  const values = linear(p.child(path), hidden, 1, { bias: true, exact: true });
  return reshape(values, [hidden.shape[0]]);
}
