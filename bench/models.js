/** The models that benches run on: random weights, made once and kept in .cache/; or the demo's. I/O. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../dist/hub/atomic.js';
import { configJson } from '../dist/hub/model-folder.js';
import { initialT5 } from '../dist/model/initial.js';
import { loadPolicy, policyShape } from '../dist/model/load.js';
import { scoreGraph } from '../dist/model/policy-graphs.js';
import { presets } from '../dist/presets.js';
import { uniform } from '../dist/random.js';
import { sizeOf } from '../dist/tensor.js';

const flan = {
  modelType: 't5',
  dKv: 64,
  relativeBuckets: 32,
  relativeMaxDistance: 128,
  layerNormEpsilon: 1e-6,
  feedForward: 'gated-gelu',
  tiedEmbeddings: false,
  vocabSize: 32128,
  padId: 0,
  eosId: 1,
  decoderStartId: 0,
  dropout: 0.1,
};

/** FLAN-T5's sizes. */
const shapes = {
  't5-small': { ...flan, dModel: 512, dFf: 1024, layers: 8, decoderLayers: 8, heads: 6 },
  't5-base': { ...flan, dModel: 768, dFf: 2048, layers: 12, decoderLayers: 12, heads: 12 },
};

export const models = [...Object.keys(shapes), 'demo'];

/** Rank of the fresh adapter on q and v; the demo has its own. */
const lora = { rank: 32, alpha: 32, targetModules: ['q', 'v'], rsLora: false, dropout: 0 };

/** A policy with adapter and value head. */
export async function benchPolicy(engine, name) {
  if (name === 'demo') {
    const { model, adapter } = presets.demo;
    return (await loadPolicy(engine, { model, adapter, valueHead: 'uniform' })).policy;
  }
  const model = await randomModel(name);
  const options = { model, lora: { ...lora, baseModel: model }, valueHead: 'uniform' };
  return (await loadPolicy(engine, options)).policy;
}

/**
 * Folder of a T5 with random weights; written at the first call, one tensor at a time, the same
 * bytes for the same seed.
 */
export async function randomModel(name, seed = 1) {
  const folder = fileURLToPath(new URL(`../.cache/${name}-seed${seed}`, import.meta.url));
  if (existsSync(join(folder, 'config.json'))) return folder; // written last: the folder is whole
  const config = shapes[name];
  const shape = policyShape(config, { lora: undefined, trainable: 'nothing', valueHead: false });
  const tensors = [...scoreGraph(shape).graph.weights].map(([path, value]) => [path, value.shape]);
  await writeFileAtomic(join(folder, 'model.safetensors'), pieces(tensors, config, seed));
  await writeFileAtomic(join(folder, 'config.json'), JSON.stringify(configJson(config), null, 2));
  return folder;
}

/** A safetensors file, piece by piece. */
function* pieces(tensors, config, seed) {
  const header = {};
  let offset = 0;
  for (const [name, shape] of tensors) {
    const end = offset + 4 * sizeOf(shape);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  start.writeBigUInt64LE(BigInt(start.length - 8));
  json.copy(start, 8);
  yield start;
  const rule = initialT5(config);
  for (const [name, shape] of tensors) {
    const data = new Float32Array(sizeOf(shape));
    fill(data, rule(name), uniform(seed, ['random model', name]));
    yield new Uint8Array(data.buffer);
  }
}

/** Uniform numbers of the rule's deviation (xorshift32: 250 million of them in seconds). */
function fill(data, rule, start) {
  if ('constant' in rule) return data.fill(rule.constant);
  const scale = (rule.normal * Math.sqrt(3)) / 2 ** 31; // of -2^31 … 2^31, whose deviation is 2^31 / sqrt 3
  let state = Math.floor(start * 2 ** 32) | 1;
  for (let i = 0; i < data.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data[i] = state * scale;
  }
}
