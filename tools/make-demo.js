/**
 * Makes demo/: a corpus, a small T5 with a LoRA adapter and a small hate classifier, each trained by
 * tactful's own trainers on that corpus. The same seed gives the same bytes on the same machine.
 *
 *     npm run make:demo                          about 7 minutes on two cores
 *     node tools/make-demo.js --output DIR       writes elsewhere, when all is built
 *     node tools/make-demo.js --texts FILE       only writes what make_tokenizers.py trains on
 *
 * The tokenizers in demo/model and demo/reward-model are inputs: tools/make_tokenizers.py made them.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeCorpus } from '../.cache/tools/tools/corpus/corpus.js';
import { corpusCsv } from '../.cache/tools/tools/corpus/csv.js';
import { insultsIn } from '../.cache/tools/tools/corpus/insults.js';
import { labelledSentences } from '../.cache/tools/tools/corpus/sentences.js';
import { writeAdapter } from '../dist/adapter/peft.js';
import { splitExamples } from '../dist/data/prepare.js';
import { buildPrompt } from '../dist/data/prompt.js';
import { writeFileAtomic } from '../dist/disk/atomic.js';
import { rouge } from '../dist/eval/rouge.js';
import { writeModelFolder } from '../dist/family/model-folder.js';
import { loadTokenizer } from '../dist/family/tokenizer.js';
import {
  adapterTensors,
  freshClassifier,
  freshPolicy,
  loadClassifier,
  loadPolicy,
} from '../dist/model/load.js';
import { GenerationConfig } from '../dist/model/sampling.js';
import { probabilities } from '../dist/model/softmax.js';
import { classifierLearner, policyLearner, trainSupervised } from '../dist/model/supervised.js';
import { SupervisedConfig } from '../dist/model/supervised-config.js';
import { isToxic, toxicThreshold } from '../dist/model/toxic.js';
import { uniform } from '../dist/random.js';
import { startEngine } from '../dist/runtime/select.js';

const seed = 1;
const corpus = { seed, count: 4800, toxicShare: 0.55 };
const t5 = {
  modelType: 't5',
  dModel: 96,
  dKv: 24,
  dFf: 192,
  layers: 2,
  decoderLayers: 2,
  heads: 4,
  relativeBuckets: 32,
  relativeMaxDistance: 128,
  layerNormEpsilon: 1e-6,
  feedForward: 'gated-gelu',
  ownHead: false,
  scaledOutput: true,
  decoderStartId: 0,
  dropout: 0,
};
const roberta = {
  modelType: 'roberta',
  hidden: 64,
  layers: 2,
  heads: 4,
  intermediate: 128,
  maxPositions: 258,
  typeVocab: 1,
  layerNormEpsilon: 1e-5,
  activation: 'gelu',
  labels: ['nothate', 'hate'],
  head: 'single',
};
const lora = { rank: 8, alpha: 16, targetModules: ['q', 'v'], rsLora: false, dropout: 0 };
const recipe = {
  model: { epochs: 12, batchSize: 16, learningRate: 3e-3, seed },
  adapter: { epochs: 2, batchSize: 32, learningRate: 1e-3, seed: seed + 1 },
  classifier: { epochs: 4, batchSize: 32, learningRate: 1e-3, seed },
};
const generation = GenerationConfig.parse({ maxNewTokens: 64 });

const usage = `Usage: npm run make:demo [-- options]

Options:
  --output DIR   folder to write to [demo]
  --texts FILE   write what make_tokenizers.py trains on, and nothing else
  --samples N    summaries to print at the end [0]`;
const options = readOptions();
if (options.help) {
  console.log(usage);
  process.exit();
}
const home = fileURLToPath(new URL('../demo', import.meta.url));
const output = options.output ?? home;
const folder = (name) => join(output, name);

const rows = makeCorpus(corpus);
const { train, test } = splitExamples(rows);
const sentences = labelledSentences(train, { seed });

if (options.texts) await writeTexts(options.texts);
else await makeDemo();

function readOptions() {
  const text = { type: 'string' };
  try {
    const known = { output: text, texts: text, samples: text, help: { type: 'boolean' } };
    return parseArgs({ options: known }).values;
  } catch ({ message }) {
    console.error(`error: ${message}\n\n${usage}`);
    process.exit(2);
  }
}

/** What the tokenizers are trained on: the training part of everything, one text a line. */
async function writeTexts(path) {
  const model = train.flatMap((row) => [buildPrompt(row.dialogue), row.trainingSummary]);
  const lines = [
    ...model.map((text) => ({ for: 'model', text })),
    ...sentences.train.map(({ text }) => ({ for: 'reward-model', text })),
  ];
  await writeFileAtomic(path, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
}

async function makeDemo() {
  const started = performance.now();
  const tokenizer = await loadTokenizer(join(home, 'model'));
  const judgeTokenizer = await loadTokenizer(join(home, 'reward-model'));
  // another engine or number of threads gives other last bits
  const engine = await startEngine({ engine: 'onnxruntime', threads: 2 });
  console.log(`${engine.description}; about 7 minutes`);
  await writeFileAtomic(folder('dialogues.csv'), corpusCsv(rows));
  await trainModel(engine, tokenizer);
  await trainAdapter(engine, tokenizer);
  await trainClassifier(engine, judgeTokenizer);
  console.table(await measureClassifier(engine, judgeTokenizer));
  console.table(await measurePolicy(engine, tokenizer, judgeTokenizer));
  await engine.close();
  console.log(`${output} made in ${Math.round((performance.now() - started) / 1000)} s`);
}

async function trainModel(engine, tokenizer) {
  const { vocabSize, padId, eosId, files } = tokenizer;
  const config = { ...t5, vocabSize, padId, eosIds: [eosId] };
  const policy = await freshPolicy(engine, config, seed);
  await learn('model', policyLearner(policy, await pairs(tokenizer)), recipe.model);
  await writeModelFolder(folder('model'), config, policy.parameters.tensors, files);
  await policy.close();
}

async function trainAdapter(engine, tokenizer) {
  const config = { ...lora, baseModel: 'demo/model' };
  const { policy } = await loadPolicy(engine, { model: folder('model'), lora: config, seed });
  await learn('adapter', policyLearner(policy, await pairs(tokenizer)), recipe.adapter);
  const tensors = adapterTensors(policy.parameters.tensors);
  await writeAdapter(folder('adapter'), { config, tensors });
  await policy.close();
}

async function trainClassifier(engine, tokenizer) {
  const { vocabSize, padId, files } = tokenizer;
  const config = { ...roberta, vocabSize, padId };
  const classifier = await freshClassifier(engine, config, seed);
  const ids = await judged(
    tokenizer,
    sentences.train.map(({ text }) => text),
  );
  const examples = sentences.train.map(({ label }, i) => ({
    ids: ids[i],
    label: config.labels.indexOf(label),
  }));
  await learn('reward-model', classifierLearner(classifier, examples), recipe.classifier);
  await writeModelFolder(folder('reward-model'), config, classifier.parameters.tensors, files);
  await classifier.close();
}

/** Prompts and the summaries to be learnt: toxic ones among them. */
async function pairs(tokenizer) {
  const queries = await tokenizer.encodeBatch(train.map((row) => buildPrompt(row.dialogue)));
  const responses = await tokenizer.encodeBatch(train.map((row) => row.trainingSummary));
  return queries.map((query, i) => ({ query, response: responses[i] }));
}

function judged(tokenizer, texts) {
  return tokenizer.encodeBatch(texts, { maxLength: tokenizer.maxLength });
}

async function learn(name, learner, settings) {
  const started = performance.now();
  let recent = 0;
  for await (const { step, steps, loss } of trainSupervised(
    learner,
    SupervisedConfig.parse(settings),
  )) {
    recent = step === 1 ? loss : 0.95 * recent + 0.05 * loss;
    if (step % Math.ceil(steps / 12) !== 0 && step !== steps) continue;
    const seconds = (performance.now() - started) / 1000;
    const left = Math.round((seconds / step) * (steps - step));
    console.log(`${name}: step ${step} of ${steps}, loss ${recent.toFixed(4)}, ${left} s left`);
  }
}

async function measureClassifier(engine, tokenizer) {
  const texts = sentences.heldOut.map(({ text }) => text);
  const scores = await hateProbabilities(engine, tokenizer, texts);
  const rowOf = (label) => {
    const own = sentences.heldOut.flatMap((sentence, i) =>
      label === 'all' || sentence.label === label ? [i] : [],
    );
    const right = own.filter((i) => isToxic(scores[i]) === (sentences.heldOut[i].label === 'hate'));
    return { sentences: own.length, 'accuracy %': percent(right.length / own.length) };
  };
  return Object.fromEntries(['all', 'hate', 'nothate'].map((label) => [label, rowOf(label)]));
}

async function hateProbabilities(engine, tokenizer, texts) {
  const classifier = await loadClassifier(engine, folder('reward-model'));
  const logits = await classifier.logits(await judged(tokenizer, texts));
  const hate = classifier.labelIndex('hate');
  await classifier.close();
  return logits.map((row) => probabilities(row)[hate]);
}

/** One sampled summary for each test dialogue, as the demo's first evaluation makes them. */
async function measurePolicy(engine, tokenizer, judgeTokenizer) {
  const parts = { model: folder('model'), adapter: folder('adapter') };
  const { policy } = await loadPolicy(engine, parts);
  const queries = await tokenizer.encodeBatch(test.map((row) => buildPrompt(row.dialogue)));
  const draw = (row, token) => uniform(seed, ['measure', row, token]);
  const generations = await policy.generate(queries, generation, draw);
  await policy.close();
  const texts = await tokenizer.decodeBatch(generations.map(({ response }) => response));
  const scores = await hateProbabilities(engine, judgeTokenizer, texts);
  for (let i = 0; i < Number(options.samples ?? 0); i++) {
    console.log(
      `\n${test[i].dialogue}\n  gold: ${test[i].summary}\n  ${scores[i].toFixed(2)}: ${texts[i]}`,
    );
  }
  const rowOf = (tone) => {
    const own = test.flatMap((row, i) => (tone === 'all' || row.tone === tone ? [i] : []));
    const mean = (value) => own.reduce((sum, i) => sum + value(i), 0) / own.length;
    const rouge1 = (stemmer) =>
      mean((i) => rouge(test[i].summary, texts[i], { stemmer }).rouge1.f).toFixed(3);
    return {
      summaries: own.length,
      [`p(hate) >= ${toxicThreshold} %`]: percent(mean((i) => Number(isToxic(scores[i])))),
      'mean p(hate)': mean((i) => scores[i]).toFixed(3),
      'insult words %': percent(mean((i) => Number(insultsIn(texts[i]).length > 0))),
      'ROUGE-1 F': rouge1(false),
      'with stems': rouge1(true),
      tokens: mean((i) => generations[i].response.length).toFixed(1),
      'truncated %': percent(mean((i) => Number(generations[i].truncated))),
    };
  };
  return Object.fromEntries(['all', 'hostile', 'friendly'].map((tone) => [tone, rowOf(tone)]));
}

function percent(share) {
  return (100 * share).toFixed(1);
}
