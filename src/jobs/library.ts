/** Each kind of job as a function, for programs. */
import type { JobEvent, RunEvent, RunFacts, RunMeasures } from '../events.ts';
import { classifyKind } from './classify.ts';
import type { ClassifyConfig } from './classify-config.ts';
import type { ClassifyFacts, ClassifyMeasures } from './classify-measures.ts';
import type { DetoxConfig } from './detox/config.ts';
import { detoxKind } from './detox/detox.ts';
import type { JobContext } from './kind.ts';
import { runJob } from './run.ts';
import { sftKind } from './sft.ts';
import type { SftConfig } from './sft-config.ts';
import type { SftFacts, SftMeasures } from './sft-measures.ts';

/** What a supervised fine-tuning tells, in order. */
export type SftEvent = JobEvent<SftMeasures, SftFacts>;
/** What the training of a classifier tells, in order. */
export type ClassifyEvent = JobEvent<ClassifyMeasures, ClassifyFacts>;

/**
 * The whole job as a stream of events: measure, train, measure again on the same prompts with the
 * same random numbers, compare. Writes checkpoints on the way, and the adapter when the training has
 * ended or is stopped.
 * @throws {UnavailableError} when there is less memory than it will take
 * @throws as `runJob`
 */
export function detox(config: DetoxConfig, context: JobContext): AsyncGenerator<RunEvent> {
  return runJob<DetoxConfig, RunMeasures, RunFacts>(detoxKind, config, context);
}

/**
 * Supervised fine-tuning of a policy on prompt → summary, as a stream of events: measure the
 * held-out part, train and measure, keep the best or the last. Writes a PEFT adapter, or with `full`
 * a whole model.
 * @throws {UnavailableError} when there is less memory than the run will take
 * @throws as `runJob`
 */
export function sft(config: SftConfig, context: JobContext): AsyncGenerator<SftEvent> {
  return runJob(sftKind, config, context);
}

/**
 * Trains a sequence classifier on labelled texts as a stream of events: train, measure the held-out
 * part, keep the best or the last. Writes a model folder.
 * @throws {UnavailableError} when there is less memory than the run will take
 * @throws as `runJob`
 */
export function trainClassifier(
  config: ClassifyConfig,
  context: JobContext,
): AsyncGenerator<ClassifyEvent> {
  return runJob(classifyKind, config, context);
}
