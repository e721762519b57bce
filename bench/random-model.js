/** Model folders with random weights, made once and kept in .cache/. I/O. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../dist/disk/atomic.js';
import { familyOf, isPolicy } from '../dist/family/families.js';
import { configJson } from '../dist/family/model-folder.js';
import { classifierGraph } from '../dist/model/classifier.js';
import { scoreGraph } from '../dist/model/policy-graphs.js';
import { uniform } from '../dist/random.js';
import { sizeOf } from '../dist/tensor.js';
import { configs } from './configs.js';

/**
 * Folder of a model with random weights; written at the first call, one tensor at a time, the same
 * bytes for the same seed.
 */
export async function randomModel(config, seed = 1) {
  const cache = fileURLToPath(new URL('../.cache', import.meta.url));
  const folder = join(cache, `${nameOf(config)}-seed${seed}`);
  if (existsSync(join(folder, 'config.json'))) return folder; // written last: the folder is whole
  const { weights } = graphOf(config);
  const tensors = [...weights].map(([path, value]) => [path, value.shape]);
  const rule = (name) => familyOf(config).initial(config, name);
  await writeFileAtomic(join(folder, 'model.safetensors'), pieces(tensors, rule, seed));
  await writeFileAtomic(join(folder, 'config.json'), textOf(config));
  return folder;
}

/** The name of a known config; else one made from what the config says. */
function nameOf(config) {
  const text = textOf(config);
  const known = Object.keys(configs).find((name) => textOf(configs[name]) === text);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return known ?? `${config.modelType}-${hash}`;
}

function textOf(config) {
  return JSON.stringify(configJson(config), null, 2);
}

function graphOf(config) {
  if (isPolicy(config)) return scoreGraph({ config, valueHead: false }).graph;
  return classifierGraph({ config }, false).graph;
}

/** A safetensors file, piece by piece. */
function* pieces(tensors, rule, seed) {
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
