import type { Prompt } from '../eval/evaluate.ts';
import type { DetoxConfig } from '../jobs/detox/config.ts';
import { readBy } from '../jobs/detox/reward.ts';
import type { Run } from '../jobs/detox/setup.ts';
import { type Semantics, semanticsOf } from '../rl/trl/corrections.ts';

/** Prompts that are answered. */
const promptCount = 16;

/** A run that has not started yet, and what is known of it without sampling. */
export interface Intake extends Run {
  readonly config: DetoxConfig;
  readonly semantics: Semantics;
  /** At which the policy is scored. */
  readonly temperature: number;
  /** What the reward reads. */
  readonly reads: DetoxConfig['scoreOn'];
  /** Prompts of the run's first batches, each once. */
  readonly prompts: readonly Prompt[];
}

/** Looks at a run's parts without computing anything. */
export function intake(config: DetoxConfig, job: Run): Intake {
  const { rl } = job;
  const semantics = semanticsOf(rl);
  const temperature = job.learner.places.temperature(rl.generation);
  const prompts = promptsOf(job.batches(0));
  return { ...job, config, semantics, temperature, reads: readBy(config), prompts };
}

function promptsOf(batches: Iterable<readonly Prompt[]>): Prompt[] {
  const seen = new Set<Prompt>();
  for (const batch of batches) {
    for (const prompt of batch) seen.add(prompt); // ids may be shared
    if (seen.size >= promptCount) break;
  }
  return [...seen].slice(0, promptCount);
}
