import { dataSources } from '../../data/dialogues.ts';
import type { Sources } from '../../disk/fingerprint.ts';
import type { DetoxConfig } from './config.ts';
import { rewardSources } from './reward.ts';

/** What a run reads. */
export async function sourcesOf(config: DetoxConfig): Promise<Sources> {
  const { model, adapter, rewardModel, toxicityModel, reward } = config;
  const modules = await rewardSources(reward);
  return { model, adapter, rewardModel, toxicityModel, ...modules, ...(await dataSources(config)) };
}
