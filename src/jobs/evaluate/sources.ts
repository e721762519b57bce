import type { Sources } from '../../disk/fingerprint.ts';
import { nothing } from '../../hub/sources.ts';
import { sourcesOf as sourcesOfRun } from '../detox/sources.ts';
import { asRun, type EvaluateConfig } from './config.ts';

/** What a measurement reads. */
export async function sourcesOf(local: EvaluateConfig): Promise<Sources> {
  const { against } = local;
  return { ...(await sourcesOfRun(asRun(local))), ...(against !== nothing && { against }) };
}
