import type { Value } from '../../graph/graph.ts';
import { add, geluNew, mul, relu } from '../../graph/ops/elementwise.ts';
import { indicesAlong } from '../../graph/ops/shape.ts';
import { drop, dropWeights } from '../../nn/dropout.ts';
import { attend, embedding, type KeyValue, linear, maskBias, rmsNorm } from '../../nn/layers.ts';
import { distances, type Pass } from '../../nn/passes.ts';
import { type Packing, packedRows, type Rows, type Split } from '../../nn/rows.ts';
import type { Scope } from '../../nn/scope.ts';
import type { Cross } from '../language-model.ts';
import type { T5Config } from './config.ts';
import { positionBias } from './position-bias.ts';

/** T5's encoder: ids int64 [tokens] -> [tokens, dModel]. */
export function encoder(p: Scope, config: T5Config, ids: Value, packing: Packing): Value {
  const stack = p.child('encoder');
  const rows = packedRows(packing);
  const positions = indicesAlong(packing.slots, 1);
  const relative = distances(positions, positions);
  const bias = add(positionBias(stack, config, relative, true), maskBias(packing.mask));
  let x = embedded(p, stack, ids, config);
  for (let i = 0; i < config.layers; i++) {
    const [self, mlp] = [stack.child(`block.${i}.layer.0`), stack.child(`block.${i}.layer.1`)];
    x = stack.segment([x], (start) => {
      const h = norm(self, config, start);
      const module = self.child('SelfAttention');
      const own = keyValue(module, config, h, rows.split);
      const to = (query: Value) => attend(query, own, bias, dropped(module, rows));
      const x = add(start, drop(self, attention(module, config, h, rows, to)));
      return add(x, drop(mlp, feedForward(mlp, config, x)));
    });
  }
  return ended(stack, config, x);
}

/** Keys and values of the cross-attention of each decoder block, from the encoder's output. */
export function crossKeyValues(
  p: Scope,
  config: T5Config,
  memory: Value,
  split: Split,
): KeyValue[] {
  return Array.from({ length: config.decoderLayers }, (_, i) =>
    keyValue(p.child(`decoder.block.${i}.layer.1.EncDecAttention`), config, memory, split),
  );
}

/** T5's decoder -> [tokens, dModel], after the final layer norm. */
export function decoder(p: Scope, config: T5Config, pass: Pass, cross: Cross): Value {
  const stack = p.child('decoder');
  const { rows } = pass;
  const bias = add(positionBias(stack, config, pass.relative, false), pass.unseen);
  let x = embedded(p, stack, pass.ids(), config);
  for (let i = 0; i < config.decoderLayers; i++) {
    const [self, other, mlp] = [0, 1, 2].map((layer) => stack.child(`block.${i}.layer.${layer}`));
    x = stack.segment([x], (start) => {
      const module = self.child('SelfAttention');
      const h = norm(self, config, start);
      const toSelf = (query: Value) => {
        const own = keyValue(module, config, h, rows.split);
        return pass.attend({ module, block: i, query, own, bias });
      };
      let x = add(start, drop(self, attention(module, config, h, rows, toSelf)));
      const reading = other.child('EncDecAttention');
      const toCross = (query: Value) =>
        attend(query, cross.keyValues[i], cross.bias, dropped(reading, rows));
      const asked = norm(other, config, x);
      x = add(x, drop(other, attention(reading, config, asked, rows, toCross)));
      return add(x, drop(mlp, feedForward(mlp, config, x)));
    });
  }
  return ended(stack, config, x);
}

/** What a stack begins with. */
function embedded(p: Scope, stack: Scope, ids: Value, { vocabSize, dModel }: T5Config): Value {
  return drop(stack.child('embed_tokens'), embedding(p.child('shared'), ids, vocabSize, dModel));
}

/** What a stack ends with. */
function ended(stack: Scope, { layerNormEpsilon }: T5Config, x: Value): Value {
  const last = stack.child('final_layer_norm');
  return drop(last, rmsNorm(last, x, layerNormEpsilon));
}

/** Drops attention weights of a module. */
function dropped(module: Scope, rows: Rows): (weights: Value) => Value {
  return (weights) => dropWeights(module, weights, rows);
}

function norm(layer: Scope, { layerNormEpsilon }: T5Config, x: Value): Value {
  return rmsNorm(layer.child('layer_norm'), x, layerNormEpsilon);
}

function keyValue(p: Scope, { heads, dKv }: T5Config, x: Value, split: Split): KeyValue {
  const [key, value] = ['k', 'v'].map((name) =>
    split(linear(p.child(name), x, heads * dKv), heads),
  );
  return { key, value };
}

/** T5's attention has no 1/sqrt(dKv): its initialisation takes care of that. */
function attention(
  p: Scope,
  { heads, dKv, dModel }: T5Config,
  x: Value,
  rows: Rows,
  attends: (query: Value) => Value,
): Value {
  const query = rows.split(linear(p.child('q'), x, heads * dKv), heads);
  return linear(p.child('o'), rows.merge(attends(query)), dModel);
}

/** relu: wo(relu(wi x)); gated-gelu: wo(gelu(wi_0 x) * wi_1 x). */
function feedForward(layer: Scope, config: T5Config, x: Value): Value {
  const p = layer.child('DenseReluDense');
  const h = norm(layer, config, x);
  const inner =
    config.feedForward === 'relu'
      ? relu(linear(p.child('wi'), h, config.dFf))
      : mul(
          geluNew(linear(p.child('wi_0'), h, config.dFf)),
          linear(p.child('wi_1'), h, config.dFf),
        );
  return linear(p.child('wo'), drop(p, inner), config.dModel);
}
