/** The models that benches run on: random weights, or the demo's. */

import { presets } from '../dist/jobs/presets.js';
import { loadPolicy } from '../dist/model/load.js';
import { configs } from './configs.js';
import { randomModel } from './random-model.js';

/** Policies by name. */
export const models = ['t5-small', 't5-base', 'demo'];

/** A policy with adapter and value head. @param rank of a fresh adapter on q and v; the demo has its own */
export async function benchPolicy(engine, name, rank = name === 'demo' ? undefined : 32) {
  const { model, adapter } = name === 'demo' ? presets.demo : {};
  const folder = model ?? (await randomModel(configs[name]));
  if (rank !== undefined) return policyWith(engine, folder, { rank });
  const options = { model: folder, adapter, valueHead: 'uniform' };
  return (await loadPolicy(engine, options)).policy;
}

/** A policy from a model's folder, with a fresh adapter and a value head. */
export async function policyWith(engine, model, { rank, alpha = 32, targetModules = ['q', 'v'] }) {
  const lora = { rank, alpha, targetModules, rsLora: false, dropout: 0, baseModel: model };
  return (await loadPolicy(engine, { model, lora, valueHead: 'uniform' })).policy;
}
