/** I/O: the policies that are measured. */
import { join } from 'node:path';
import { exists } from '../../disk/atomic.ts';
import { nothing } from '../../hub/sources.ts';
import { type LoadPolicyOptions, loadPolicy } from '../../model/load.ts';
import { baseParameters } from '../../rl/reference.ts';
import type { Engine } from '../../runtime/engine.ts';
import type { Closable } from '../kind.ts';
import type { EvaluateConfig } from './config.ts';

/** A model, and an adapter on it. */
export type PolicyPlace = Pick<LoadPolicyOptions, 'model' | 'adapter'>;

/** Where the policies are; of one alone `against` is missing. */
export interface Places {
  readonly policy: PolicyPlace;
  readonly against?: PolicyPlace;
}

/** @param local with paths in place of names */
export async function placesOf(local: EvaluateConfig): Promise<Places> {
  const { model, adapter, against } = local;
  const policy = { model, adapter };
  if (against === undefined) return { policy };
  if (against === nothing) return { policy, against: { model } };
  const isModel =
    !(await exists(join(against, 'adapter_config.json'))) &&
    (await exists(join(against, 'config.json')));
  return { policy, against: isModel ? { model: against } : { model, adapter: against } };
}

/** A policy that can answer, and the bare model by which it is measured how probable answers are. */
export async function readyPolicy(engine: Engine, place: PolicyPlace, opened: Closable[]) {
  const parts = await loadPolicy(engine, place);
  opened.push(parts.policy);
  const { parameters } = parts.policy;
  if (place.adapter === undefined) return { ...parts, reference: parameters };
  const reference = await baseParameters(engine, parameters, parts.replaced);
  opened.push(reference);
  return { ...parts, reference };
}
