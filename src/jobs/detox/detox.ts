import type { LoraConfig } from '../../adapter/peft.ts';
import { compareSamples } from '../../eval/compare.ts';
import type { ParameterCount, RunEvent, Sample } from '../../events.ts';
import { locateSources } from '../../hub/sources.ts';
import { resumeNotes } from '../../model/checkpoint.ts';
import { countParameters } from '../../model/count.ts';
import type { Policy } from '../../model/policy.ts';
import { peakMemory } from '../../runtime/machine.ts';
import { checkMemory } from '../memory.ts';
import type { DetoxConfig } from './config.ts';
import { answers, type DetoxContext, measuresOf, openRun, type Run, resumable } from './measure.ts';
import { memoryRemedy } from './memory.ts';
import { ofAnswers } from './notes.ts';
import { type Closable, setUp } from './setup.ts';
import { train } from './train.ts';

export type { DetoxContext };

/**
 * The whole job as a stream of events: measure, train, measure again on the same prompts with the
 * same random numbers, compare. Writes checkpoints on the way, and the adapter when the training has
 * ended or is stopped.
 * @throws {ConfigError} when a run to resume began with other settings or other files
 * @throws {InputError} when it has checkpoints and none of them is whole
 * @throws {UnavailableError} when there is less memory than it will take
 * @throws {NumericError} when a number is not finite; while it trains, it names a dump of what was
 *   known
 */
export async function* detox(config: DetoxConfig, context: DetoxContext): AsyncGenerator<RunEvent> {
  const opened: Closable[] = [];
  try {
    const { signal, downloading: progress } = context;
    const settings = await locateSources(config, { signal, progress });
    const found = await resumable(settings, context);
    const job = await setUp(settings, context.engine, opened);
    await checkMemory(job.memory, context.engine, memoryRemedy);
    yield* flow(await openRun(job, found, settings, context));
  } finally {
    for (const part of opened) await part.close();
  }
}

async function* flow(run: Run): AsyncGenerator<RunEvent> {
  const { config, context, found, files, learner, policy, rl, test } = run;
  yield found.checkpoint ? resumed(run) : started(run);
  const before = yield* samplesBefore(run);
  if (found.checkpoint) await learner.restore(found.checkpoint.state);
  const atEnd = yield* train(run);
  if (!atEnd) return;
  await files?.writeAdapter(policy.parameters.tensors);
  const after = yield* answers(run, test, 'measure after', context.signal);
  yield { type: 'evaluated', when: 'after', ...measuresOf(after) };
  await files?.writeSamples('after', after);
  const references = test.map((prompt) => prompt.references);
  const { rows, seed } = config;
  const comparison = compareSamples(before, after, { rows, seed, references });
  yield { type: 'compared', comparison };
  yield { type: 'finished', steps: rl.steps, seconds: run.seconds(), peakMemory: peakMemory() };
}

/** What the starting policy answers, which the parameters still are; measured once a run. */
async function* samplesBefore(run: Run): AsyncGenerator<RunEvent, Sample[]> {
  const { found, files, test, context } = run;
  const known = found.checkpoint && (await files?.readSamples(test));
  if (known) return known;
  const samples = yield* answers(run, test, 'measure before', context.signal);
  // a log that goes on has this event
  if (!found.checkpoint) {
    const notes = Object.values(ofAnswers(samples));
    const told = notes.length > 0 && { notes };
    yield { type: 'evaluated', when: 'before', ...measuresOf(samples), ...told };
  }
  await files?.writeSamples('before', samples);
  return samples;
}

function started({ policy, lora, config, context, sizes, judges, memory, notes }: Run): RunEvent {
  const { runId, version, engine } = context;
  return {
    type: 'started',
    runId,
    time: new Date().toISOString(),
    version,
    config,
    engine: engine.description,
    ...parameterCounts(policy, lora),
    data: sizes,
    judges: judges.words,
    memory,
    ...(notes.length > 0 && { notes }),
  };
}

function resumed({ found, context }: Run): RunEvent {
  const { record, state } = found.checkpoint!;
  const { version, engine } = context;
  return {
    type: 'resumed',
    step: state.steps,
    time: new Date().toISOString(),
    version,
    engine: engine.description,
    notes: resumeNotes(found.damaged, record, { version, engine: engine.description }),
  };
}

function parameterCounts(policy: Policy, lora: LoraConfig | undefined) {
  const { config, valueHead } = policy.shape;
  const policyParameters = countParameters(config, { lora, valueHead });
  const referenceParameters: ParameterCount = { trainable: 0, all: policyParameters.all };
  return { policyParameters, referenceParameters };
}
