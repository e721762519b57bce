import { Graph, type Shape, type Value } from '../graph/graph.ts';
import { castTo } from '../graph/ops/cast.ts';
import { reshape, splitFirst } from '../graph/ops/shape.ts';
import { product } from '../graph/shapes.ts';
import { headInput, logitsOf } from '../nn/head.ts';
import { type KeyValue, maskBias } from '../nn/layers.ts';
import { passBehind } from '../nn/passes.ts';
import { paddedPacking, paddedRows } from '../nn/rows.ts';
import { rootScope } from '../nn/scope.ts';
import type { ExportedModel } from './exported-model.ts';
import type { EncoderDecoder } from './language-model.ts';
import type { PolicyConfig } from './policy-config.ts';

// Names and shapes are those that optimum exports and transformers.js feeds; it takes a dim that
// is called batch_size for the batch, and any other symbol of an empty past for 0.
const batch = 'batch_size';
const source = 'encoder_sequence_length';
const target = 'decoder_sequence_length';

type Sizes = Pick<PolicyConfig, 'vocabSize' | 'dModel'>;

/** The graphs of an encoder–decoder that transformers.js asks for, by file name. */
export function seq2seqModels(
  config: Sizes,
  model: EncoderDecoder,
): Record<'encoder_model' | 'decoder_model_merged', ExportedModel> {
  return {
    encoder_model: encoderModel(config, model),
    decoder_model_merged: decoderModel(config, model),
  };
}

/** `encoder_model`: input_ids, attention_mask -> last_hidden_state. */
function encoderModel({ dModel }: Sizes, { encoder }: EncoderDecoder): ExportedModel {
  const graph = new Graph();
  const { scope } = rootScope(graph, {});
  const ids = graph.input('input_ids', 'int64', [batch, source]);
  const mask = castTo(graph.input('attention_mask', 'int64', [batch, source]), 'float32');
  const tokens = reshape(ids, [product(ids.shape)]);
  const states = encoder.encode(scope, tokens, paddedPacking(mask));
  graph.output('last_hidden_state', splitFirst(states, ids, [dModel]));
  return { graph, inputs: graph.inputs, outputs: graph.outputs };
}

/**
 * `decoder_model_merged`: new ids behind a past of any length -> logits and the present. Without
 * `use_cache_branch` keys and values of the cross-attention are computed from the encoder's hidden
 * states, with it they are those of the past; all else is the same.
 */
function decoderModel(config: Sizes, model: EncoderDecoder): ExportedModel {
  const graph = new Graph();
  const { scope } = rootScope(graph, {});
  const { blocks, heads, size } = model.cache;
  const crossShape = (length: string): Shape => [batch, heads, length, size];
  const mask = graph.input('encoder_attention_mask', 'int64', [batch, source]);
  const ids = graph.input('input_ids', 'int64', [batch, target]);
  const pastShape = crossShape('past_decoder_sequence_length');
  const past = keyValues(blocks, (i, part) =>
    graph.input(`past_key_values.${i}.decoder.${part}`, 'float32', pastShape),
  );
  const cross = keyValues(blocks, (i, part) =>
    graph.input(`cross.${i}.${part}`, 'float32', crossShape(source)),
  );
  const bias = maskBias(castTo(mask, 'float32'));
  const pass = passBehind(ids, past);
  const hidden = model.decode(scope, pass, { keyValues: cross, bias });
  const head = model.head(scope);
  const logits = logitsOf(head, headInput(head, hidden));
  graph.output('logits', splitFirst(logits, ids, [config.vocabSize]));
  pass.present.forEach(({ key, value }, i) => {
    graph.output(`present.${i}.decoder.key`, key);
    graph.output(`present.${i}.decoder.value`, value);
  });

  const computed = crossGraph(config, model);
  const inputs = new Map<string, Pick<Value, 'dtype' | 'shape'>>([
    ...computed.inputs,
    ['use_cache_branch', { dtype: 'bool', shape: [1] }],
  ]);
  const outputs = new Map<string, Pick<Value, 'dtype' | 'shape'>>(graph.outputs);
  const chosen = [...computed.outputs.keys()].map((input) => {
    const [, i, part] = input.split('.');
    const [output, given] = ['present', 'past_key_values'].map((n) => `${n}.${i}.encoder.${part}`);
    inputs.set(given, { dtype: 'float32', shape: crossShape('past_encoder_sequence_length') });
    outputs.set(output, graph.inputs.get(input)!);
    return { input, output, given };
  });
  for (const [name, value] of graph.inputs) if (!name.startsWith('cross.')) inputs.set(name, value);
  return {
    graph,
    choice: { isGiven: 'use_cache_branch', chosen, computed },
    inputs,
    outputs,
    isHalf: (name) => /\.(key|value)$/.test(name),
  };
}

/** encoder_hidden_states -> keys and values of each block's cross-attention, `cross.0.key`. */
function crossGraph({ dModel }: Sizes, { encoder }: EncoderDecoder): Graph {
  const graph = new Graph();
  const { scope } = rootScope(graph, {});
  const states = graph.input('encoder_hidden_states', 'float32', [batch, source, dModel]);
  const tokens = reshape(states, [product([batch, source]), dModel]);
  const rows = paddedRows(graph.input('encoder_attention_mask', 'int64', [batch, source]));
  encoder.keyValues(scope, tokens, rows.split).forEach(({ key, value }, i) => {
    graph.output(`cross.${i}.key`, key);
    graph.output(`cross.${i}.value`, value);
  });
  return graph;
}

function keyValues(layers: number, make: (i: number, part: string) => Value): KeyValue[] {
  return Array.from({ length: layers }, (_, i) => ({
    key: make(i, 'key'),
    value: make(i, 'value'),
  }));
}
