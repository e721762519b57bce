import type { Sample } from '../../comparison.ts';
import { templateText } from '../../data/prompt.ts';
import { compareSamples } from '../../eval/compare.ts';
import type { ParameterCount, RunEvent, RunFacts, RunMeasures } from '../../events.ts';
import { countParameters } from '../../model/count.ts';
import { targetsOf } from '../../model/initial.ts';
import type { SeenStep } from '../../rl/collect.ts';
import { LearnerNumbers } from '../../rl/learner-state.ts';
import { trainRl } from '../../rl/trainer.ts';
import type { Begun, Job, Measuring, When } from '../kind.ts';
import { phaseOf } from '../measuring.ts';
import { checkMemory } from '../memory.ts';
import { cardResults } from './card.ts';
import type { DetoxConfig } from './config.ts';
import type { ScoredBatch } from './dump.ts';
import { detoxFiles } from './files.ts';
import { type SeenBatch, watchOf } from './guards.ts';
import { answers, judgedAgain, measuresOf } from './measure.ts';
import { memoryRemedy } from './memory.ts';
import { ofAnswers } from './notes.ts';
import { reportFiles } from './report.ts';
import { detoxReward } from './reward.ts';
import { rolloutKeeper } from './rollouts.ts';
import { type Run, setUp } from './setup.ts';

/** Loads what a run works on, and says what it does with it. */
export async function detoxJob(begun: Begun<DetoxConfig>): Promise<Job<RunMeasures, RunFacts>> {
  const { pinned: config, local, context, opened } = begun;
  const { engine, signal, version } = context;
  const run = await setUp(begun, engine, opened);
  const { policy, reference, lora, learner, rl, test, validation, judges, memory, notes } = run;
  await checkMemory(memory, engine, memoryRemedy);
  const { valueHeadFile, seed, rows, bestMetric: metric, samplesPerPrompt } = config;
  const card = { version, prompt: templateText(local.promptTemplate) };
  const files = detoxFiles(context.output, { lora, valueHeadFile, card });
  const keepRollouts = rolloutKeeper(context.output, run.tokenizer, config);
  const samples: Partial<Record<When, Sample[] | undefined>> = {};
  const perPrompt = test.map((prompt) => prompt.references);
  const references = Array<typeof perPrompt>(config.samplesPerPrompt).fill(perPrompt).flat();
  let batch: ScoredBatch | undefined;
  let seen: SeenBatch | undefined;
  const asked = (when: When) => (when === 'during' ? validation : test);

  async function* measure(when: When): Measuring<RunMeasures> {
    // a measurement in between that has begun is finished: its result is remembered
    const stop = when === 'during' ? undefined : signal;
    const phase = when === 'during' ? 'validate' : phaseOf('measure', when);
    const { witnesses } = judges;
    // before the first step the policy is its own reference, unless that is the model without adapter
    const isReference = learner.steps === 0 && rl.reference !== 'base';
    const compared = { reference: isReference ? policy.parameters : reference };
    const extent = when === 'during' ? {} : { witnesses, ...compared, samplesPerPrompt };
    const measured = yield* answers({ ...run, config }, asked(when), phase, {
      ...extent,
      signal: stop,
    });
    samples[when] = measured;
    if (when !== 'during') await files?.writeSamples(when, measured);
    return measuresOf(measured);
  }

  const watch = watchOf({
    ...{ config, steps: rl.steps, validation, test },
    ask: (prompts, stop) => {
      const { witnesses } = judges;
      return answers({ ...run, config }, prompts, 'guard', {
        witnesses,
        signal: stop,
        passing: true,
      });
    },
    before: () => samples.before ?? [],
    batch: () => seen,
  });

  return {
    facts: {
      data: run.sizes,
      ...parameterCounts(run),
      judges: judges.words,
      memory,
      ...(context.output !== undefined && run.rolloutSize && { rollouts: run.rolloutSize }),
      ...(notes.length > 0 && { notes }),
    },
    ...(config.adapter === undefined && { settings: { loraTargets: targetsOf(config, lora) } }),
    total: rl.steps,
    save: () => learner.save(),
    restore: ({ steps, memory: learnt, tensors }) =>
      learner.restore({ steps, memory: learnerOf(learnt), tensors }),
    async *steps(stop) {
      const reward = detoxReward(run, config);
      const judged: typeof reward = async (rollouts, ending) => {
        batch = { step: learner.steps, rollouts };
        const answer = await reward(rollouts, ending);
        batch = { ...batch, scores: 'scores' in answer ? answer.scores : answer };
        return answer;
      };
      const seeing = async (step: SeenStep) => {
        seen = { rollouts: step.rollouts, kls: step.learnt.klDist };
        await keepRollouts?.(step);
      };
      for await (const event of trainRl({ ...run, reward: judged, seen: seeing }, rl, stop)) {
        batch = undefined;
        if (event.type !== 'stopped') yield event;
      }
    },
    measure,
    measuresBefore: true,
    async recall() {
      const found = await files?.readSamples(test, samplesPerPrompt);
      samples.before = found && (await judgedAgain(found, judges.witnesses));
      if (samples.before) await files?.writeSamples('before', samples.before);
      return samples.before !== undefined;
    },
    notes: () => Object.values(ofAnswers(samples.before ?? [])),
    // a run by ROUGE has what ROUGE can read
    worth: (measures) => (metric === 'toxicity' ? -1 : 1) * measures[metric]!.mean,
    ofBest: (measures) => ({ metric, value: measures[metric]!.mean }),
    saveResult: async (folder) => files?.saveAdapter(folder, policy.parameters.tensors),
    saveBeside: async (folder) => files?.saveBare(folder, policy.parameters.tensors),
    async *compare(): AsyncGenerator<RunEvent> {
      const { before = [], after = [] } = samples;
      const { rougeStemmer: stemmer, qualityLimit } = config;
      const how = { rows, seed, references, stemmer, qualityLimit };
      const comparison = compareSamples(before, after, how);
      await files?.writeComparison(comparison.rows);
      await files?.writePairs(before, after, references);
      await files?.writeCard(cardResults(comparison, config));
      yield { type: 'compared', comparison };
    },
    ...(watch && { watch }),
    async dump(error) {
      return files?.writeDump({ error, state: learner.save(), batch }) ?? '';
    },
    report: (events) => reportFiles(events, { ...samples, references }, config.language),
  };
}

/** Of what a checkpoint remembers, what the learner does. */
function learnerOf(remembered: object): LearnerNumbers {
  const names = Object.keys(LearnerNumbers.shape);
  const own = Object.entries(remembered).filter(([name]) => names.includes(name));
  return LearnerNumbers.parse(Object.fromEntries(own));
}

function parameterCounts({ policy, lora }: Pick<Run, 'policy' | 'lora'>) {
  const { config, valueHead } = policy.shape;
  const policyParameters = countParameters(config, { lora, valueHead });
  const referenceParameters: ParameterCount = { trainable: 0, all: policyParameters.all };
  return { policyParameters, referenceParameters };
}
