import { join } from 'node:path';
import type { LoraConfig } from '../adapter/peft.ts';
import { readDialogues } from '../data/dialogues.ts';
import { buildPrompts, templateText } from '../data/prompt.ts';
import { writeFileAtomic } from '../disk/atomic.ts';
import { readIfPresent } from '../disk/json.ts';
import { ConfigError } from '../errors.ts';
import { answerGreedily, type GreedyAnswer, shareOf } from '../eval/greedy.ts';
import { measuredRouge } from '../eval/rouge.ts';
import type { JobProgress, MemoryEstimate } from '../events.ts';
import { adapterCard, type CardFacts, modelCard } from '../export/card.ts';
import { cardOf, hubName } from '../export/companions.ts';
import { writeModelFolder } from '../family/model-folder.ts';
import { loadTokenizer, type Tokenizer } from '../family/tokenizer.ts';
import { countParameters } from '../model/count.ts';
import { dropoutOf } from '../model/dropout.ts';
import { freshLora, targetsOf } from '../model/initial.ts';
import { loadPolicy } from '../model/load.ts';
import type { Policy } from '../model/policy.ts';
import { GenerationConfig } from '../model/sampling.ts';
import { saveAdapter } from '../model/save.ts';
import { policyLearner } from '../model/supervised.ts';
import { estimateSupervised } from '../model/supervised-memory.ts';
import type { Engine } from '../runtime/engine.ts';
import { unreadable } from './detox/notes.ts';
import { encodeCut, isReadable, ofTexts, textFacts } from './detox/prompts.ts';
import type { Begun, Job, Measuring, When } from './kind.ts';
import { inParts, phaseOf } from './measuring.ts';
import { checkMemory } from './memory.ts';
import { type SftConfig, withRate } from './sft-config.ts';
import { generationPath, type SftFacts, type SftMeasures } from './sft-measures.ts';
import { supervisedTraining } from './supervised.ts';

/** One prompt and the response to be learnt, as token ids. */
interface Pair {
  readonly query: readonly number[];
  readonly response: readonly number[];
  /** All summaries, as text. */
  readonly references: readonly string[];
}

/** Loads what a supervised fine-tuning works on: prompt → summary, for an adapter or a whole model. */
export async function setUpSft({
  local: config,
  pinned,
  context,
  opened,
}: Begun<SftConfig>): Promise<Job<SftMeasures, SftFacts>> {
  const { engine, signal, version } = context;
  const tokenizer = await loadTokenizer(config.model);
  const { train, test, asked, sizes, notes: ofData } = await prepare(config, tokenizer);
  checkMetric(config, asked);
  const { model, adapter, full, seed, gradientCheckpointing, microBatchSize, dropout } = config;
  const {
    policy,
    lora,
    notes: ofPolicy,
  } = await loadPolicy(engine, {
    model,
    seed,
    adapter,
    gradientCheckpointing,
    ...(full ? { trainable: 'all' } : { lora: freshLora({ ...config, model: pinned.model }) }),
  });
  opened.push(policy);
  const counted = countParameters(policy.shape.config, { lora });
  const notes = [...ofData, ...ofPolicy];
  const memory = memoryOf(policy, [...train, ...test], config, engine);
  await checkMemory(memory, engine, memoryRemedy);
  const learner = policyLearner(policy, train, { microBatchSize, dropout, seed });
  const card = { version, prompt: templateText(config.promptTemplate) };
  const training = supervisedTraining(learner, withRate(config));
  return {
    ...training,
    settings: {
      ...training.settings,
      ...(!full && adapter === undefined && { loraTargets: targetsOf(config, lora) }),
    },
    facts: {
      parameters: full ? { trainable: counted.all, all: counted.all } : counted,
      data: sizes,
      memory,
      ...(notes.length > 0 && { notes }),
    },
    measuresBefore: true,
    measure: (when) => measure(when, { policy, tokenizer, test, asked, config, signal }),
    about: ({ rouge1 }) => (rouge1 === undefined ? {} : { rouge: measuredRouge }),
    worth: ({ loss, rouge1 = 0 }) => (config.bestMetric === 'loss' ? -loss : rouge1),
    saveResult: (folder) =>
      lora
        ? saveWithCard(folder, policy, lora, card)
        : saveModel(folder, policy, { model, named: pinned.model, tokenizer, card }),
  };
}

/** Read, filter by length, make prompts, split; of each row the first summary is to be learnt. */
async function prepare(config: SftConfig, tokenizer: Tokenizer) {
  const { promptTemplate, maxQueryTokens: maxLength, maxResponseTokens } = config;
  const { train, test, sizes, notes } = await readDialogues(config);
  const kept = [...train, ...test];
  const prompts = await buildPrompts(kept, promptTemplate);
  const encoded = await encodeCut(tokenizer, prompts, maxLength);
  const answers = kept.map((example) => (example.rows ?? [example]).map((row) => row.summaries[0]));
  // cut here and not by the tokenizer, which would end every cut text with the end of the sequence
  const responses = await tokenizer.encodeBatch(answers.flat());
  const cut = responses.filter(({ length }) => length > maxResponseTokens).length;
  let next = 0;
  const pairs = answers.map((own, i) =>
    own.map((): Pair => {
      const response = responses[next++].slice(0, maxResponseTokens);
      return { query: encoded.rows[i], response, references: kept[i].summaries };
    }),
  );
  const [learnt, tested] = [pairs.slice(0, train.length), pairs.slice(train.length)];
  const asked = tested.map(([first]) => first).slice(0, config.evaluationSamples);
  const references = asked.map((pair) => pair.references);
  const firsts = kept.map(({ summaries: [first] }) => first);
  const facts = await textFacts(tokenizer, encoded, firsts, references);
  const parts = { train: learnt.flat(), test: tested.flat(), asked };
  const more = parts.train.length > train.length && { pairs: parts.train.length };
  return {
    ...parts,
    sizes: { ...sizes, ...more, cut },
    notes: [...notes, ...ofTexts(facts, config)],
  };
}

/** @throws {ConfigError} when the best is to be chosen by a ROUGE that can read nothing */
function checkMetric({ bestMetric }: SftConfig, asked: readonly Pair[]): void {
  if (bestMetric !== 'rouge1' || asked.some(isReadable)) return;
  const expected = 'held-out summaries that ROUGE can read';
  throw new ConfigError(
    'bestMetric',
    expected,
    'none',
    `${unreadable}. Choose by \`bestMetric\` loss.`,
  );
}

interface Held {
  readonly policy: Policy;
  readonly tokenizer: Tokenizer;
  readonly test: readonly Pair[];
  /** One of each of the first prompts. */
  readonly asked: readonly Pair[];
  readonly config: SftConfig;
  readonly signal: AbortSignal | undefined;
}

/** Loss of all held-out pairs, and ROUGE of what the policy answers to some. */
async function* measure(when: When, held: Held): Measuring<SftMeasures> {
  const { policy, test, config, signal } = held;
  const { batchSize: size } = config;
  const scores = yield* inParts(phaseOf('measure', when), test, { size, signal }, (part) =>
    policy.score(part.map(({ query, response }) => policy.sequence(query, response))),
  );
  if (scores === undefined) return undefined;
  let [sum, tokens] = [0, 0];
  for (const { logprobs } of scores) {
    for (const logprob of logprobs) sum -= logprob;
    tokens += logprobs.length;
  }
  const answers = yield* greedyAnswers(when, held);
  if (answers === undefined) return undefined;
  const rouges = answers.flatMap(({ scores }) => scores ?? []);
  const { length: samples } = rouges;
  const mean = (type: 'rouge1' | 'rouge2' | 'rougeL') =>
    rouges.reduce((total, { [type]: { f } }) => total + f, 0) / samples;
  return {
    loss: sum / tokens,
    tokens,
    responses: test.length,
    ...(samples > 0 && {
      samples,
      rouge1: mean('rouge1'),
      rouge2: mean('rouge2'),
      rougeL: mean('rougeL'),
    }),
    ...shareOf('sentinels', answers),
    ...shareOf('empty', answers),
  };
}

/** Of a greedy summary of each of the first held-out dialogues. */
async function* greedyAnswers(
  when: When,
  { policy, tokenizer, asked, config, signal }: Held,
): AsyncGenerator<JobProgress, GreedyAnswer[] | undefined> {
  if (asked.length === 0) return [];
  const greedy = GenerationConfig.parse({ sample: false, maxNewTokens: config.maxResponseTokens });
  const options = { size: answeredAtOnce, signal };
  return yield* inParts(phaseOf('summarise', when), asked, options, (part) =>
    answerGreedily({ policy, tokenizer }, part, greedy),
  );
}

/** Held-out dialogues that are summarised at a time. */
const answeredAtOnce = 32;

const memoryRemedy =
  'Use `gradientCheckpointing`, or a smaller `microBatchSize`, `maxQueryTokens` or ' +
  '`maxResponseTokens`, or a machine with more memory.';

function memoryOf(
  policy: Policy,
  pairs: readonly Pair[],
  config: SftConfig,
  engine: Engine,
): MemoryEstimate {
  const { batchSize, microBatchSize, evaluationSamples, maxResponseTokens } = config;
  return estimateSupervised({
    ...{ apart: engine.apart, memory: engine.memory },
    policy: policy.shape,
    promptTokens: pairs.map(({ query }) => query.length),
    responseTokens: pairs.map(({ response }) => response.length),
    batchSize,
    microBatchSize,
    dropout: dropoutOf(policy.shape, { seed: 0, key: [] }, { model: config.dropout }) !== undefined,
    sampled: Math.min(evaluationSamples, answeredAtOnce),
    sampledTokens: maxResponseTokens,
  });
}

/** The adapter, and a card beside it. */
async function saveWithCard(
  folder: string,
  policy: Policy,
  lora: LoraConfig,
  card: Pick<CardFacts, 'version' | 'prompt'>,
): Promise<void> {
  await saveAdapter(folder, lora, policy.parameters.tensors);
  await writeFileAtomic(join(folder, 'README.md'), adapterCard(lora, card));
}

interface WholeModel {
  /** The folder that it began with, and what the settings call that. */
  readonly model: string;
  readonly named: string;
  readonly tokenizer: Tokenizer;
  readonly card: Pick<CardFacts, 'version' | 'prompt'>;
}

/** A whole model, and a card beside it; what the old one's folder says of sampling stays. */
async function saveModel(
  folder: string,
  policy: Policy,
  { model, named, tokenizer, card }: WholeModel,
): Promise<void> {
  const { tensors } = policy.parameters;
  const { license } = await cardOf(model);
  const baseModel = await hubName(model, [named]);
  const facts = { kind: 'model', task: 'summarization', dtypes: ['float32'] } as const;
  await writeFileAtomic(
    join(folder, 'README.md'),
    modelCard({ ...facts, ...card, license, baseModel }),
  );
  await writeModelFolder(folder, policy.shape.config, tensors, tokenizer.files);
  const generation = await readIfPresent(generationPath(model));
  if (generation) await writeFileAtomic(generationPath(folder), generation);
}
