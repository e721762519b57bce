import { areUnnamed, asClasses, classIds } from '../data/classes.ts';
import { renamedLabels } from '../data/label-names.ts';
import { type LabelledText, labelsOf, splitByLabel } from '../data/labelled.ts';
import { shuffleSeedOf } from '../data/prepare.ts';
import { readLabelled } from '../data/read.ts';
import { ConfigError, InputError } from '../errors.ts';
import { classification } from '../eval/classification.ts';
import type { MemoryEstimate, Note } from '../events.ts';
import { problemTypes } from '../family/classifier-config.ts';
import { readModelConfig } from '../family/config.ts';
import { type ClassifierConfig, isPolicy } from '../family/families.ts';
import { writeModelFolder } from '../family/model-folder.ts';
import { mostTokens } from '../family/positions.ts';
import { loadTokenizer, type Tokenizer } from '../family/tokenizer.ts';
import type { Classifier } from '../model/classifier.ts';
import { freshClassifier, loadClassifier } from '../model/load.ts';
import { logSumExp } from '../model/softmax.ts';
import { balancedWeights, classifierLearner } from '../model/supervised.ts';
import { estimateClassifier } from '../model/supervised-memory.ts';
import type { Engine } from '../runtime/engine.ts';
import { sizeOf } from '../tensor.ts';
import { type ClassifyConfig, withRate } from './classify-config.ts';
import type { ClassifyFacts, ClassifyMeasures } from './classify-measures.ts';
import type { Begun, Job, Measuring } from './kind.ts';
import { inParts } from './measuring.ts';
import { checkMemory } from './memory.ts';
import { supervisedTraining } from './supervised.ts';

/** A text as token ids, and its class. */
interface Item {
  readonly ids: readonly number[];
  readonly label: number;
}

/** Loads what the training of a classifier works on. */
export async function setUpClassifier({
  local: config,
  context,
  opened,
}: Begun<ClassifyConfig>): Promise<Job<ClassifyMeasures, ClassifyFacts>> {
  const { engine, signal } = context;
  const { texts: read, skipped, guessed, notes: ofData } = await readLabelled(config.data, config);
  const { texts: classes, notes: ofLabels } = asClasses(read, config.labelThreshold);
  const texts = renamedLabels(classes, config.labelNames);
  const shape = await shapeFor(config, texts);
  const tokenizer = await loadTokenizer(config.model ?? config.tokenizer ?? '');
  checkTokenizer(tokenizer, shape);
  const { items, cut, notes: ofClasses } = await prepare(texts, shape, tokenizer);
  const { train, test } = splitByLabel(items, config.testShare, {
    shuffleSeed: shuffleSeedOf(config),
  });
  const memory = memoryOf({ shape, items, test, engine }, config);
  await checkMemory(memory, engine, memoryRemedy); // before weights are drawn or read
  const isFresh = config.model === undefined;
  const classifier = isFresh
    ? await freshClassifier(engine, shape, config.seed)
    : await loadClassifier(engine, config.model ?? '', { trainable: true });
  opened.push(classifier);
  const { tensors } = classifier.parameters;
  const all = [...tensors.values()].reduce((sum, tensor) => sum + sizeOf(tensor.shape), 0);
  const told = Object.keys(guessed).length > 0 && { columns: guessed };
  const notes = [...ofData, ...ofLabels, ...ofClasses, ...classifier.notes];
  const rows = { rows: texts.length, kept: texts.length, ...(skipped && { skipped }), ...told };
  const { microBatchSize, bestMetric } = config;
  const labels = train.map(({ label }) => label);
  const isBalanced = config.classWeights === 'balanced';
  const classWeights = isBalanced ? balancedWeights(labels, shape.labels.length) : undefined;
  const learner = classifierLearner(classifier, train, { microBatchSize, classWeights });
  return {
    ...supervisedTraining(learner, withRate(config)),
    facts: {
      parameters: { trainable: all, all },
      data: { ...rows, train: train.length, test: test.length, cut },
      memory,
      ...(notes.length > 0 && { notes }),
    },
    measure: () => measure(classifier, test, signal),
    worth: (measures) => worthOf(measures, bestMetric),
    saveResult: (folder) => writeModelFolder(folder, classifier.config, tensors, tokenizer.files),
  };
}

/** The config of the classifier: that of the model, or a fresh one with the labels of the data. */
async function shapeFor(config: ClassifyConfig, texts: readonly LabelledText[]) {
  const path = config.model ?? config.modelConfig ?? '';
  const found = await readModelConfig(path);
  if (isPolicy(found)) throw new InputError(path, 'a sequence classifier', found.modelType);
  if (found.labels.length < 2 || found.head !== 'single') {
    const actual =
      found.labels.length < 2 ? 'one label' : `problem_type ${problemTypes[found.head]}`;
    const remedy =
      'Another head is not trained here: go on from another model, or from a fresh one.';
    throw new InputError(path, 'at least two labels, one of them true of a text', actual, remedy);
  }
  // names that a config gives keep their ids, whatever the data's order would be
  if (config.model !== undefined || !areUnnamed(found.labels)) return found;
  const wanted = labelsOf(texts);
  return wanted.every((label) => found.labels.includes(label))
    ? found
    : { ...found, labels: wanted };
}

/** Ids of a text and its class. */
async function prepare(
  texts: readonly LabelledText[],
  config: ClassifierConfig,
  tokenizer: Tokenizer,
): Promise<{ items: Item[]; cut: number; notes: readonly Note[] }> {
  const { labels } = config;
  const maxLength = Math.min(tokenizer.maxLength, mostTokens(config));
  const all = texts.map(({ text }) => text);
  const whole = await tokenizer.encodeBatch(all);
  const rows = await tokenizer.encodeBatch(all, { maxLength });
  const { ids, notes } = classIds(texts, labels);
  const items = texts.map(({ label }, i) => ({ ids: rows[i], label: ids.get(label)! }));
  return { items, cut: whole.filter(({ length }) => length > maxLength).length, notes };
}

function checkTokenizer(tokenizer: Tokenizer, { vocabSize, padId }: ClassifierConfig): void {
  const remedy = 'Config and tokenizer belong to different models.';
  if (tokenizer.idCount > vocabSize) {
    const expected = `at least the tokenizer's ${tokenizer.idCount}`;
    throw new ConfigError('config: vocab_size', expected, `${vocabSize}`, remedy);
  }
  if (tokenizer.padId !== padId) {
    const expected = `the tokenizer's ${tokenizer.padId}`;
    throw new ConfigError('config: pad_token_id', expected, `${padId}`, remedy);
  }
}

/** More is better. */
function worthOf(
  { loss, accuracy, macroF1 }: ClassifyMeasures,
  metric: ClassifyConfig['bestMetric'],
): number {
  if (metric === 'loss') return -loss;
  return metric === 'accuracy' ? accuracy.share : macroF1;
}

/** Held-out texts that are judged at a time. */
const judgedAtOnce = 64;

const memoryRemedy =
  'Use a smaller `microBatchSize`, shorter texts or a smaller model, or a machine with more memory.';

/** What decides how much memory a training takes, besides its settings. */
interface MemoryParts {
  readonly shape: ClassifierConfig;
  readonly items: readonly Item[];
  readonly test: readonly Item[];
  readonly engine: Engine;
}

function memoryOf(
  { shape, items, test, engine }: MemoryParts,
  { batchSize, microBatchSize }: ClassifyConfig,
): MemoryEstimate {
  return estimateClassifier({
    ...{ apart: engine.apart, memory: engine.memory },
    config: shape,
    textTokens: items.map(({ ids }) => ids.length),
    batchSize,
    microBatchSize,
    judged: Math.min(judgedAtOnce, test.length),
  });
}

async function* measure(
  classifier: Classifier,
  test: readonly Item[],
  signal: AbortSignal | undefined,
): Measuring<ClassifyMeasures> {
  const logits = yield* inParts('measure', test, { size: judgedAtOnce, signal }, (part) =>
    classifier.logits(part.map(({ ids }) => ids)),
  );
  if (logits === undefined) return undefined;
  const actual = test.map(({ label }) => label);
  const predicted = logits.map((row) => row.indexOf(Math.max(...row)));
  const losses = logits.map((row, i) => logSumExp(row) - row[actual[i]]);
  const loss = losses.reduce((sum, x) => sum + x, 0) / losses.length;
  const { labels } = classifier.config;
  return { ...classification(labels, actual, predicted), loss };
}
