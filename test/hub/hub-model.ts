/** Files of repositories that look like models, adapters and datasets; what is in them does not matter. */
import type { HubFiles } from './hub-server.ts';

/** As much as a few chunks. */
export const weights = Buffer.from(
  Uint32Array.from({ length: 50_000 }, (_, i) => i * 2654435761).buffer,
);

/** A model with one of everything, and much that is not for us. */
export const model: HubFiles = {
  '.gitattributes': '*.safetensors filter=lfs',
  'README.md': '# a model',
  'config.json': '{"model_type":"t5"}',
  'generation_config.json': '{"x":1}',
  'tokenizer.json': '{"model":{}}',
  'tokenizer_config.json': '{"pad_token":"<pad>"}',
  'special_tokens_map.json': '{"eos_token":"</s>"}',
  'spiece.model': 'pieces',
  'model.safetensors': weights,
  'pytorch_model.bin': 'a pickle',
  'flax_model.msgpack': 'flax',
  'tf_model.h5': 'tf',
  'onnx/model.onnx': 'onnx',
};

/** What is fetched of it. */
export const modelParts = [
  'config.json',
  'generation_config.json',
  'model.safetensors',
  'special_tokens_map.json',
  'tokenizer.json',
  'tokenizer_config.json',
];

export const adapter: HubFiles = {
  'README.md': '# an adapter',
  'adapter_config.json': '{"peft_type":"LORA"}',
  'adapter_model.safetensors': 'lora',
  'adapter_model.bin': 'a pickle',
  'value_head.safetensors': 'head',
  'optimizer.pt': 'much',
};

export const dataset: HubFiles = {
  'README.md': '# a dataset',
  'dataset_infos.json': '{}',
  '.hidden/x.csv': 'no',
  'data/train.csv': 'dialogue,summary\na,b\n',
  'data/test.jsonl.gz': 'packed',
  'more.parquet': 'PAR1',
};
