import type { Value } from '../graph/graph.ts';
import { reshape } from '../graph/ops/shape.ts';
import { linear } from './layers.ts';
import type { Scope } from './scope.ts';

/** Where the value head's parameters live, in TRL's words. */
export const valueHeadPath = 'v_head.summary';

/** The critic: hidden [n, dModel], after the decoder's final layer norm -> values [n]. */
export function valueHead(p: Scope, hidden: Value): Value {
  const values = linear(p.child(valueHeadPath), hidden, 1, { bias: true });
  return reshape(values, [hidden.shape[0]]);
}
