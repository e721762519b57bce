import type { Sample } from '../../comparison.ts';
import { templateText } from '../../data/prompt.ts';
import { compareSamples } from '../../eval/compare.ts';
import { estimateSamples } from '../../eval/estimate.ts';
import { evaluate } from '../../eval/evaluate.ts';
import type { JobEvent, RunFacts } from '../../events.ts';
import { loadTokenizer } from '../../family/tokenizer.ts';
import { countParameters } from '../../model/count.ts';
import { evaluationFiles } from '../../report/several/evaluation.ts';
import { evaluationWords } from '../../report/words/evaluation.ts';
import { rlConfigOf } from '../detox/config.ts';
import { detoxFiles } from '../detox/files.ts';
import { loadJudges } from '../detox/judges.ts';
import { judgedAgain, measuresOf } from '../detox/measure.ts';
import { ofAnswers } from '../detox/notes.ts';
import { ofTexts } from '../detox/prompts.ts';
import { reportFiles } from '../detox/report.ts';
import { prepare } from '../detox/setup.ts';
import type { Begun, Job, Measuring, When } from '../kind.ts';
import { checkMemory } from '../memory.ts';
import { asRun, type EvaluateConfig } from './config.ts';
import type { EvaluateMeasures } from './measures.ts';
import { memoryOf, memoryRemedy } from './memory.ts';
import { type PolicyPlace, placesOf, readyPolicy } from './policies.ts';

type EvaluateEvent = JobEvent<EvaluateMeasures, RunFacts>;

/** Loads what is to be measured: `before` is the policy that it is held against, where there is one. */
export async function evaluateJob({
  pinned,
  local,
  context,
  opened,
}: Begun<EvaluateConfig>): Promise<Job<EvaluateMeasures, RunFacts>> {
  const { engine, signal, output, version } = context;
  const config = asRun(local);
  const judges = await loadJudges(config, pinned, engine, opened);
  const side = async (place: PolicyPlace) => {
    const tokenizer = await loadTokenizer(place.model);
    const data = await prepare({ ...config, model: place.model }, tokenizer);
    const ready = await readyPolicy(engine, place, opened);
    return { model: place.model, tokenizer, ...data, ...ready };
  };
  const places = await placesOf(local);
  const own = await side(places.policy);
  const against = places.against && (await side(places.against));
  const { test, sizes } = own;
  const { seed, samplesPerPrompt, rougeStemmer: stemmer, rows } = config;
  const { generation } = rlConfigOf(config);
  const perPrompt = test.map((one) => one.references);
  const references = Array<typeof perPrompt>(samplesPerPrompt).fill(perPrompt).flat();
  const sides = [own, ...(against ? [against] : [])];
  const memory = memoryOf({ sides, judges, generation, engine }, config);
  await checkMemory(memory, engine, memoryRemedy);
  const prompt = templateText(config.promptTemplate);
  const files = detoxFiles(output, {
    ...{ lora: undefined, valueHeadFile: config.valueHeadFile, card: { version, prompt } },
  });
  const samples: Partial<Record<When, Sample[]>> = {};

  async function* measure(when: When): Measuring<EvaluateMeasures> {
    const { policy, reference, tokenizer, test: prompts } = (when === 'before' && against) || own;
    const phase = against ? `measure ${when === 'before' ? 'against' : 'policy'}` : 'measure';
    const total = samplesPerPrompt * prompts.length;
    const { measure: judge, witnesses } = judges;
    const parts = { policy, tokenizer, judge, witnesses, reference };
    const made: Sample[] = [];
    yield { type: 'progress', phase, done: 0, total };
    const options = { generation, seed, samplesPerPrompt, stemmer, signal };
    for await (const some of evaluate(parts, prompts, options)) {
      made.push(...some);
      yield { type: 'progress', phase, done: made.length, total };
    }
    samples[when] = made;
    await files?.writeSamples(when, made);
    return { ...measuresOf(made), slices: estimateSamples(made, { seed }) };
  }

  const countOf = ({ policy, lora }: typeof own) =>
    countParameters(policy.shape.config, { lora, valueHead: policy.shape.valueHead });
  const notes = [
    ...[...own.notes, ...(against?.notes ?? []), ...judges.notes],
    ...[...ofTexts(own.facts, config), ...judges.told],
    ...(against ? [{ says: evaluationWords[config.language].sides }] : []),
  ];
  return {
    facts: {
      data: sizes,
      policyParameters: countOf(own),
      referenceParameters: countOf(against ?? own),
      judges: judges.words,
      memory,
      ...(notes.length > 0 && { notes }),
    },
    total: 0,
    save: () => ({ steps: 0, memory: {}, tensors: new Map() }),
    restore: async () => {},
    async *steps() {},
    measure,
    measuresBefore: against !== undefined,
    async recall() {
      const found = await files?.readSamples(test, samplesPerPrompt);
      if (found) samples.before = await judgedAgain(found, judges.witnesses);
      return found !== undefined;
    },
    notes: () => Object.values(ofAnswers(samples.before ?? samples.after ?? [])),
    worth: () => 0,
    saveResult: async () => {},
    async *compare(): AsyncGenerator<EvaluateEvent> {
      const { before, after } = samples;
      if (!before || !after) return;
      const comparison = compareSamples(before, after, { rows, seed, references, stemmer });
      await files?.writeComparison(comparison.rows);
      await files?.writePairs(before, after, references);
      yield { type: 'compared', comparison };
    },
    report: async (events) =>
      against
        ? reportFiles(events, { ...samples, references }, config.language)
        : evaluationFiles(events, config.language),
  };
}
