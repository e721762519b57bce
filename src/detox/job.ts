import { trainingBatches } from '../data/batches.ts';
import { readDialogues } from '../data/dialogues.ts';
import { buildPrompt } from '../data/prompt.ts';
import { type DetoxConfig, rlConfigOf } from '../detox-config.ts';
import { ConfigError } from '../errors.ts';
import type { Prompt } from '../eval/evaluate.ts';
import { freshLora } from '../model/initial.ts';
import { loadPolicy } from '../model/load.ts';
import { randomStream } from '../random.ts';
import { RlLearner } from '../rl/learner.ts';
import { baseParameters } from '../rl/reference.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Located } from '../sources.ts';
import { loadTokenizer } from '../tokenizer.ts';
import { loadJudges } from './judges.ts';
import { memoryOf } from './memory.ts';

/** What must be closed after use. */
export interface Closable {
  close(): Promise<void>;
}

/** A run that could start: its models on the engine, its prompts in memory. */
export type Job = Awaited<ReturnType<typeof setUp>>;

/** Models on the engine, prompts in memory. What is to be closed goes to `opened`. */
export async function setUp(
  { local: config, pinned: { model: baseModel } }: Located<DetoxConfig>,
  engine: Engine,
  opened: Closable[],
) {
  const { model, adapter, seed, gradientCheckpointing } = config;
  const rl = rlConfigOf(config);
  const { valueHead } = rl;
  const tokenizer = await loadTokenizer(model);
  const { train, notes: ofData, ...prompts } = await prepare(config, tokenizer.encodeBatch);
  const batchSize = rl.batchSize / rl.numGenerations;
  const { steps } = rl;
  const batches = (start: number) =>
    queriesOf(train, trainingBatches(train.length, { batchSize, seed, steps, start }));
  batches(0); // refuses a batch too large
  const judges = await loadJudges(config, engine, opened);
  const lora = freshLora({ ...config, model: baseModel });
  const start = { model, adapter, lora, valueHead, seed, gradientCheckpointing };
  const parts = await loadPolicy(engine, start);
  opened.push(parts.policy);
  const { parameters } = parts.policy;
  const reference =
    rl.reference === 'base'
      ? await baseParameters(engine, parameters, parts.replaced)
      : await parameters.copy();
  opened.push(reference);
  const learner = new RlLearner({ policy: parts.policy, reference, config: rl });
  const memory = memoryOf({ ...parts, ...prompts, train, rl, judges, engine }, config);
  const ofFiles = [...parts.notes, ...judges.notes];
  const notes = [...ofData, ...ofFiles, ...judges.told];
  const { judge } = judges;
  const made = {
    batches,
    rl,
    tokenizer,
    judge,
    judges,
    reference,
    learner,
    memory,
    notes,
    ofFiles,
  };
  return { engine, ...parts, ...prompts, ...made };
}

type Encode = (texts: readonly string[], options: { maxLength: number }) => Promise<number[][]>;

/** Read, filter by length, make prompts, split. */
async function prepare(config: DetoxConfig, encode: Encode) {
  const { promptTemplate, maxQueryTokens: maxLength } = config;
  const { rougeWeight, evaluateEvery, bestMetric } = config;
  const needed = rougeWeight > 0 || (evaluateEvery > 0 && bestMetric === 'rouge1');
  const summaries = needed ? 'required' : 'where given';
  const read = await readDialogues({ ...config, summaries });
  const kept = [...read.train, ...read.test];
  const texts = kept.map(({ dialogue }) => buildPrompt(dialogue, promptTemplate));
  const rows = await encode(texts, { maxLength });
  const prompts = kept.map(
    ({ id, summaries, group }, i): Prompt => ({
      id,
      text: texts[i],
      ids: rows[i],
      references: summaries,
      ...(group === undefined ? {} : { group }),
    }),
  );
  const { train, validation } = withheld(prompts.slice(0, read.train.length), config);
  const test = prompts.slice(read.train.length).slice(0, config.samples);
  const sizes = {
    ...read.sizes,
    train: train.length,
    ...(validation.length > 0 && { validation: validation.length }),
  };
  return { train, validation, test, sizes, notes: read.notes };
}

/** Takes the dialogues that choose the best adapter out of the training part, where one is wanted. */
function withheld<T>(items: readonly T[], config: DetoxConfig) {
  const { evaluateEvery, validationSamples: count, seed } = config;
  if (evaluateEvery === 0) return { train: [...items], validation: [] };
  if (count >= items.length) {
    const expected = `fewer than the ${items.length} dialogues for training`;
    throw new ConfigError('`validationSamples`', expected, `${count}`, 'Use fewer, or more data.');
  }
  const chosen = randomStream(seed, ['validation'])
    .shuffle([...items.keys()])
    .slice(0, count);
  return {
    train: items.filter((_, i) => !chosen.includes(i)),
    validation: chosen.map((i) => items[i]),
  };
}

function* queriesOf(train: readonly Prompt[], batches: Iterable<number[]>): Generator<Prompt[]> {
  for (const batch of batches) yield batch.map((i) => train[i]);
}
