import { trainingBatches } from '../../data/batches.ts';
import { readDialogues } from '../../data/dialogues.ts';
import { buildPrompts } from '../../data/prompt.ts';
import { ConfigError, InputError } from '../../errors.ts';
import type { Prompt } from '../../eval/evaluate.ts';
import { loadTokenizer, type Tokenizer } from '../../family/tokenizer.ts';
import type { Located } from '../../hub/sources.ts';
import { freshLora } from '../../model/initial.ts';
import { loadPolicy } from '../../model/load.ts';
import { randomStream } from '../../random.ts';
import { counted, grouped } from '../../report/text.ts';
import type { RlConfig } from '../../rl/config.ts';
import { RlLearner } from '../../rl/learner.ts';
import { baseParameters } from '../../rl/reference.ts';
import type { Engine } from '../../runtime/engine.ts';
import type { Closable } from '../kind.ts';
import { type DetoxConfig, rlConfigOf } from './config.ts';
import { loadJudges } from './judges.ts';
import { memoryOf } from './memory.ts';
import { ofSampler, unreadable } from './notes.ts';
import { encodeCut, isReadable, ofTexts, textFacts } from './prompts.ts';
import { rolloutSizeOf } from './rollout-size.ts';

/** A run that could start: its models on the engine, its prompts in memory. */
export type Run = Awaited<ReturnType<typeof setUp>>;

/** Models on the engine, prompts in memory. What is to be closed goes to `opened`. */
export async function setUp(
  { local: config, pinned }: Located<DetoxConfig>,
  engine: Engine,
  opened: Closable[],
) {
  const { model, adapter, seed, gradientCheckpointing } = config;
  const rl = rlConfigOf(config);
  const { valueHead } = rl;
  const tokenizer = await loadTokenizer(model);
  const { train, notes: ofData, facts, ...prompts } = await prepare(config, tokenizer);
  const batchSize = rl.batchSize / rl.numGenerations;
  const { steps } = rl;
  const epoch = train.flatMap((prompt) => Array<Prompt>(prompt.times ?? 1).fill(prompt));
  if (epoch.length < batchSize) throw tooFew(config.data, epoch.length, rl, prompts.sizes);
  const batches = (start: number) =>
    queriesOf(epoch, trainingBatches(epoch.length, { batchSize, seed, steps, start }));
  const judges = await loadJudges(config, pinned, engine, opened);
  const lora = freshLora({ ...config, model: pinned.model });
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
  const rolloutSize = rolloutSizeOf({ train, rl }, config);
  const ofFiles = [...parts.notes, ...judges.notes];
  const ofPrompts = [ofTexts(facts, config), ofSampler(rl.generation) ?? []].flat();
  const notes = [...ofData, ...ofPrompts, ...ofFiles, ...judges.told];
  const { judge, own } = judges;
  const made = {
    batches,
    rl,
    tokenizer,
    judge,
    own,
    judges,
    reference,
    learner,
    memory,
    rolloutSize,
    notes,
    ofData,
    ofFiles,
    facts,
  };
  return { engine, ...parts, ...prompts, ...made };
}

/** That the prompts do not fill one batch, and where the rows have gone. */
function tooFew(
  data: string,
  count: number,
  { batchSize, numGenerations }: Pick<RlConfig, 'batchSize' | 'numGenerations'>,
  { rows, kept, test }: { readonly rows: number; readonly kept: number; readonly test: number },
): InputError {
  const actual = `${count}: of ${counted(rows, 'row')} ${grouped(kept)} are of a length that is kept, and ${counted(test, 'dialogue')} held out`;
  const smaller = `a \`batchSize\` of ${Math.max(1, count) * numGenerations} or less`;
  const remedy =
    kept < rows
      ? `Widen \`minimumLength\` and \`maximumLength\`, or use ${smaller}.`
      : `Use more data, or ${smaller}.`;
  const expected = `at least ${batchSize / numGenerations} dialogues to train on, one batch`;
  return new InputError(data, expected, actual, remedy);
}

/** Read, filter by length, make prompts, split. */
export async function prepare(config: DetoxConfig, tokenizer: Tokenizer) {
  const { promptTemplate, maxQueryTokens: maxLength } = config;
  const { rougeWeight, evaluateEvery, bestMetric } = config;
  const needed = rougeWeight > 0 || (evaluateEvery > 0 && bestMetric === 'rouge1');
  const summaries = needed ? 'required' : 'where given';
  const keepsRows = config.reward === undefined ? undefined : true;
  const read = await readDialogues({ ...config, summaries, keepsRows });
  const kept = [...read.train, ...read.test];
  const texts = await buildPrompts(kept, promptTemplate);
  const encoded = await encodeCut(tokenizer, texts, maxLength);
  const prompts = kept.map(
    ({ id, dialogue, summaries, group, row, rows }, i): Prompt => ({
      id,
      text: texts[i],
      ids: encoded.rows[i],
      references: summaries,
      ...(group === undefined ? {} : { group }),
      dialogue,
      ...(row === undefined ? {} : { row }),
      ...(rows === undefined ? {} : { times: rows.length }),
    }),
  );
  const parts = withheld(prompts.slice(0, read.train.length), config);
  const { train, validation, left } = readableParts(parts, config);
  const test = prompts.slice(read.train.length).slice(0, config.samples);
  const sizes = {
    ...read.sizes,
    train: train.length,
    ...(validation.length > 0 && { validation: validation.length }),
  };
  const references = test.map((prompt) => prompt.references);
  const firsts = kept.flatMap(({ summaries: [first] }) => first ?? []);
  const facts = await textFacts(tokenizer, encoded, firsts, references);
  return { train, validation, test, sizes, facts, notes: [...read.notes, ...left] };
}

/**
 * The parts that ROUGE has to read, where it is to be learnt from or chosen by: what it cannot read
 * is not learnt from.
 * @throws {ConfigError} when it can read nothing of them
 */
function readableParts(
  { train, validation }: Record<'train' | 'validation', Prompt[]>,
  { rougeWeight, evaluateEvery, bestMetric }: DetoxConfig,
) {
  const refuse = (setting: string, remedy: string) => {
    const expected = 'summaries that ROUGE can read';
    throw new ConfigError(setting, expected, 'none', `${unreadable}. ${remedy}`);
  };
  const chooses = evaluateEvery > 0 && bestMetric === 'rouge1';
  if (chooses && !validation.some(isReadable))
    refuse('bestMetric', 'Choose by `bestMetric` reward.');
  if (rougeWeight === 0) return { train, validation, left: [] };
  const readable = train.filter(isReadable);
  if (readable.length === 0) refuse('rougeWeight', 'Leave `rougeWeight` out.');
  const count = train.length - readable.length;
  const says =
    `${counted(count, 'dialogue')} of ${grouped(train.length)} are not trained on: ROUGE, which ` +
    '`rougeWeight` pays for, cannot read their summaries.';
  return { train: readable, validation, left: count > 0 ? [{ says }] : [] };
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

function* queriesOf(epoch: readonly Prompt[], batches: Iterable<number[]>): Generator<Prompt[]> {
  for (const batch of batches) yield batch.map((i) => epoch[i]);
}
