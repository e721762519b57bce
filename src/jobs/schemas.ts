/** The settings of each kind of job, without the kind. */
import type { z } from 'zod';
import { ClassifyConfig } from './classify-config.ts';
import { DetoxConfig } from './detox/config.ts';
import { EvaluateConfig } from './evaluate/config.ts';
import { SftConfig } from './sft-config.ts';

export const schemas: Readonly<Record<string, z.ZodObject>> = {
  detox: DetoxConfig,
  evaluate: EvaluateConfig,
  sft: SftConfig,
  'train-classifier': ClassifyConfig,
};

/** The settings that a job has; undefined of one that nobody knows. */
export function settingsOfJob(job = 'detox'): ReadonlySet<string> | undefined {
  const shape = Object.hasOwn(schemas, job) ? schemas[job].shape : undefined;
  return shape && new Set(Object.keys(shape));
}
