import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Head } from '../../src/family/classifier-config.ts';
import type { ClassifierConfig } from '../../src/family/families.ts';
import { loadTokenizer, type Tokenizer } from '../../src/family/tokenizer.ts';
import { freshClassifier, loadClassifier } from '../../src/model/load.ts';
import { classifierJudge, type JudgeModel, type JudgeOptions } from '../../src/rl/judge.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { tinyRoberta } from '../model/tiny.ts';
import { logitsTolerance } from '../tensors.ts';

let engine: Engine;
let tokenizer: Tokenizer;
beforeAll(async () => {
  engine = await testEngine();
  tokenizer = await loadTokenizer(goldenPath('roberta', 'model'));
});
afterAll(() => engine.close());

/** A model of random weights with such outputs. */
async function modelOf(names: string, head: Head): Promise<JudgeModel> {
  const labels = names.split(',');
  const sizes = { vocabSize: 1505, maxPositions: 64 };
  const config: ClassifierConfig = { ...tinyRoberta, ...sizes, labels, head };
  return { classifier: await freshClassifier(engine, config, labels.length), tokenizer };
}

const pair = { query: 'You are a great person. ', response: 'They talk.' };

const logitsOf = async ({ classifier }: JudgeModel, text = pair.response) => [
  ...(await classifier.logits([await tokenizer.encode(text)]))[0],
];

async function judged(model: JudgeModel, options: Partial<JudgeOptions>) {
  const judge = classifierJudge({ ...model, scoreOn: 'response', ...options });
  return (await judge.judge([pair]))[0];
}

test.each<[Head, string, (scores: number[]) => number]>([
  ['single', 'b,c', ([, b, c]) => b + c],
  ['single', 'c', ([, , c]) => c],
  ['multi', 'b,c', ([, b, c]) => Math.max(b, c)],
  ['regression', 'b', ([, b]) => b],
])('toxicity of a %s head by the labels %s', async (head, toxicLabel, expected) => {
  const model = await modelOf('a,b,c', head);
  const { toxicity } = await judged(model, { rewardLabel: 'a', toxicLabel });
  expect(toxicity).toBeCloseTo(expected(model.classifier.scores(await logitsOf(model))), 12);
});

test('the sum of all probabilities does not exceed 1', async () => {
  const model = await modelOf('a,b,c', 'single');
  const { toxicity } = await judged(model, { rewardLabel: 'a', toxicLabel: 'a,b,c' });
  expect(toxicity).toBeLessThanOrEqual(1);
  expect(toxicity).toBeCloseTo(1, 12);
});

test.each<[string, (logits: number[]) => number]>([
  ['b', ([, b]) => b],
  ['-b', ([, b]) => -b],
  ['a,-c', ([a, , c]) => a - c],
])('the reward of %s is made of logits', async (rewardLabel, expected) => {
  const model = await modelOf('a,b,c', 'multi');
  const { reward } = await judged(model, { rewardLabel, toxicLabel: 'c' });
  expect(reward).toBeCloseTo(expected(await logitsOf(model)), 6);
});

test('a preference model pays, and another model measures', async () => {
  const rewardModel = await modelOf('LABEL_0', 'regression');
  const toxicity = await modelOf('nothate,hate', 'single');
  const seen = await judged(rewardModel, { toxicity, scoreOn: 'pair' });
  expect(seen.reward).toBe((await logitsOf(rewardModel, pair.query + pair.response))[0]);
  const scores = toxicity.classifier.scores(await logitsOf(toxicity));
  expect(seen.toxicity).toBe(scores[1]);
  expect(() => classifierJudge({ ...rewardModel, scoreOn: 'pair' })).toThrow('`toxicityModel`');
});

test('a model of one output, how toxic a text is, may be both', async () => {
  const model = await modelOf('toxic', 'multi');
  const seen = await judged(model, { rewardLabel: '-toxic', toxicLabel: 'toxic' });
  const [logit] = await logitsOf(model);
  expect(seen.reward).toBe(-logit);
  expect(seen.toxicity).toBeCloseTo(1 / (1 + Math.exp(-logit)), 12);
});

// RobertaForSequenceClassification(tokenizer(query, response, truncation='longest_first', max_length=512)),
// transformers 4.47.0 and 5.24.0
test('two texts are read as transformers reads a pair, and the response stays where the prompt is too long', async () => {
  const classifier = await loadClassifier(engine, goldenPath('roberta', 'model'));
  const asked = [
    { query: 'You are a great person.', response: 'They talk.' },
    { query: 'You are a terrible person.', response: 'They talk.' },
    { query: 'You are a great person. '.repeat(60), response: 'They talk about it.' },
  ];
  const judge = classifierJudge({
    ...{ classifier, tokenizer, scoreOn: 'pair', toxicityOn: 'pair', pairAs: 'two-texts' },
  });
  const logits = [
    [-0.333009362, -0.272412658],
    [-0.142690301, -0.085968435],
    [-0.026144981, -0.52836442],
  ];
  const seen = await judge.judge(asked);
  expect(seen.map(({ reward }) => reward)).toBeAllClose(
    logits.map(([nothate]) => nothate),
    logitsTolerance,
  );
  expect(seen.map(({ toxicity }) => toxicity)).toBeAllClose(
    logits.map(([nothate, hate]) => 1 / (1 + Math.exp(nothate - hate))),
    logitsTolerance,
  );
  await classifier.close();
});
