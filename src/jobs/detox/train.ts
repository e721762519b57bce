import { isOfDisk } from '../../disk/words.ts';
import { NumericError } from '../../errors.ts';
import type { Prompt } from '../../eval/evaluate.ts';
import { summarize } from '../../eval/statistics.ts';
import type { RunEvent } from '../../events.ts';
import type { Reward } from '../../rl/reward.ts';
import { trainRl } from '../../rl/trainer.ts';
import type { CheckpointRecord } from './checkpoint.ts';
import type { ScoredBatch } from './dump.ts';
import { answers, measuresOf, type Run, recordOf } from './measure.ts';
import { detoxReward } from './reward.ts';

/** What the training remembers of itself. */
interface Memory {
  /** The best measurement so far. */
  best: CheckpointRecord['best'];
  /** Step of the newest checkpoint. */
  kept: number | undefined;
  /** The batch that is judged or learnt from, until that is done. */
  batch: ScoredBatch | undefined;
}

/**
 * Trains from where the run is to the end, with checkpoints and measurements in between.
 * @returns whether it came to the end; if not, it was stopped, and what there is has been kept
 * @throws {NumericError} that names the dump of what was known
 */
export async function* train(run: Run): AsyncGenerator<RunEvent, boolean> {
  const { config, learner, policy, rl, files, found, context } = run;
  const best = found.checkpoint?.record.best;
  const memory: Memory = { best, kept: found.checkpoint && learner.steps, batch: undefined };
  if (!found.checkpoint && config.checkpointEvery > 0) yield* checkpoint(run, memory);
  const reward = remembering(memory, run, detoxReward(run, config));
  try {
    for await (const event of trainRl({ ...run, reward }, rl, context.signal)) {
      memory.batch = undefined;
      const stopped = event.type === 'stopped';
      if (stopped) yield* checkpoint(run, memory);
      if (stopped) await files?.writeAdapter(policy.parameters.tensors);
      yield event;
      if (stopped) return false;
      if (event.type === 'step') yield* afterStep(event.step, run, memory);
    }
  } catch (error) {
    throw error instanceof NumericError ? await dumped(error, run, memory) : error;
  }
  return true;
}

async function* afterStep(step: number, run: Run, memory: Memory): AsyncGenerator<RunEvent> {
  const { config, rl } = run;
  const due = (every: number) => every > 0 && step % every === 0;
  if (due(config.evaluateEvery)) yield* validate(step, run, memory);
  if (due(config.checkpointEvery) || step === rl.steps) yield* checkpoint(run, memory);
}

/** Keeps the learner as it is, unless the newest checkpoint has it so. */
async function* checkpoint(run: Run, memory: Memory): AsyncGenerator<RunEvent> {
  const { files, learner } = run;
  const step = learner.steps;
  if (!files || memory.kept === step) return;
  const path = await files.writeCheckpoint(learner.save(), recordOf(run, memory.best));
  memory.kept = step;
  yield { type: 'checkpoint', step, path };
}

/** Measures the withheld dialogues; the best adapter so far goes to `best/`. */
async function* validate(step: number, run: Run, memory: Memory): AsyncGenerator<RunEvent> {
  const { config, validation, policy, files } = run;
  // a measurement that has begun is finished, or a resumed run would lack it
  const samples = yield* answers(run, validation, 'validate');
  const reward = summarize(samples.map((sample) => sample.reward));
  const measures = { reward, ...measuresOf(samples) };
  const metric = config.bestMetric;
  const { mean: value } = measures[metric]!; // a run by ROUGE has what ROUGE can read
  const gain = (old: number) => (metric === 'toxicity' ? old - value : value - old);
  const best = !memory.best || gain(memory.best.value) > 0;
  if (best) {
    memory.best = { step, value };
    await files?.writeBest(policy.parameters.tensors, { step, metric, value });
  }
  yield { type: 'validated', step, ...measures, best };
}

/** The reward; the batch that it judges is kept, for the case that numbers go wrong. */
function remembering(memory: Memory, { learner }: Run, reward: Reward<Prompt>): Reward<Prompt> {
  return async (rollouts, signal) => {
    memory.batch = { step: learner.steps, rollouts };
    const answer = await reward(rollouts, signal);
    const scores = 'scores' in answer ? answer.scores : answer;
    memory.batch = { ...memory.batch, scores };
    return answer;
  };
}

/** The error, with a dump of what is known, and with what to do in its message. */
async function dumped(error: NumericError, run: Run, memory: Memory): Promise<NumericError> {
  const { files, learner, context } = run;
  if (!files) return error;
  const dump = await files
    .writeDump({ error, state: learner.save(), batch: memory.batch })
    .then((folder) => `What was known is in ${folder}.`)
    .catch((failed) => {
      if (!isOfDisk(failed)) throw failed;
      return `What was known could not be kept: ${failed.message}`;
    });
  const { kept } = memory;
  const from = kept === 0 ? '' : ', perhaps from the adapter of that checkpoint';
  const next =
    kept === undefined
      ? 'There is no checkpoint yet.'
      : `npx tactful resume ${context.output} goes on after step ${kept} and meets the same error, ` +
        `unless its cause lies outside the run; for other settings start a new run${from}.`;
  error.message += ` ${dump} ${next}`;
  return error;
}
