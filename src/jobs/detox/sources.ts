import { dataSources } from '../../data/dialogues.ts';
import type { Sources } from '../../disk/fingerprint.ts';
import type { DetoxConfig } from './config.ts';
import { rewardSources } from './reward.ts';
import { witnessSources } from './witnesses.ts';

/** What a run reads. */
export async function sourcesOf(config: DetoxConfig): Promise<Sources> {
  const { model, adapter, rewardModel, toxicityModel, reward } = config;
  const modules = await rewardSources(reward);
  const models = { model, adapter, rewardModel, toxicityModel };
  return { ...models, ...witnessSources(config), ...modules, ...(await dataSources(config)) };
}
