import { Graph, type Value } from '../graph/graph.ts';
import { castTo } from '../graph/ops/cast.ts';
import { add, equal, mul, sub } from '../graph/ops/elementwise.ts';
import { cumulativeSum } from '../graph/ops/reduce.ts';
import { expandLike, indicesAlong, reshape } from '../graph/ops/shape.ts';
import { product } from '../graph/shapes.ts';
import { paddedPacking } from '../nn/rows.ts';
import { rootScope } from '../nn/scope.ts';
import type { ExportedModel } from './exported-model.ts';
import { type ClassifierConfig, familyOf } from './families.ts';

/** `model`: input_ids, attention_mask -> logits. */
export function classifierModel(config: ClassifierConfig): ExportedModel {
  const graph = new Graph();
  const { scope } = rootScope(graph, {});
  const ids = graph.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  const mask = graph.input('attention_mask', 'int64', ['batch_size', 'sequence_length']);
  const packing = paddedPacking(castTo(mask, 'float32'));
  const tokens = [product(ids.shape)];
  const positions = reshape(positionsOf(ids, config), tokens);
  const logits = familyOf(config).forward(scope, config, {
    ids: reshape(ids, tokens),
    positions,
    packing,
  });
  graph.output('logits', logits);
  return { graph, inputs: graph.inputs, outputs: graph.outputs };
}

/** As `positionIds`: from 0, or RoBERTa's from padId + 1 with padId for padding: int64 [batch, time]. */
function positionsOf(ids: Value, config: ClassifierConfig): Value {
  const { graph } = ids;
  const { padId } = config;
  if (familyOf(config).firstPosition(config) === 0) {
    const places = indicesAlong(ids, 1);
    return expandLike(reshape(places, [1, places.shape[0]]), ids);
  }
  // in whole numbers: where a runtime computes floats in bfloat16, those above 256 are not exact
  const real = sub(graph.integers(1), castTo(equal(ids, graph.integers(padId)), 'int64'));
  const counts = cumulativeSum(real, { axis: 1 });
  return add(mul(counts, real), graph.integers(padId));
}
