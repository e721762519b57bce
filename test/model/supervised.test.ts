import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LoraConfig } from '../../src/adapter/peft.ts';
import { freshClassifier, freshPolicy, loadPolicy } from '../../src/model/load.ts';
import { emptyState } from '../../src/model/optimizer.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import {
  balancedWeights,
  classifierLearner,
  type Learner,
  type PolicyLearning,
  policyLearner,
  type TrainingStep,
  trainSupervised,
} from '../../src/model/supervised.ts';
import { SupervisedConfig } from '../../src/model/supervised-config.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tensors } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { randomRows, tinyModelFolder, tinyRoberta, tinyT5 } from './tiny.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

const config = (options: Partial<SupervisedConfig>) =>
  SupervisedConfig.parse({ batchSize: 4, learningRate: 0.02, warmup: 5, ...options });
const pairs = randomRows(8).map((query, i) => ({ query, response: [2 + i, 12 - i, 1] }));
const texts = randomRows(8, { seed: 2 }).map((ids, i) => ({ ids: [0, ...ids], label: i % 2 }));

async function train(learner: Learner, options: Partial<SupervisedConfig>, signal?: AbortSignal) {
  const steps: TrainingStep[] = [];
  for await (const step of trainSupervised(learner, config(options), signal)) steps.push(step);
  return steps;
}

test('a policy learns a handful of examples by heart', async () => {
  const policy = await freshPolicy(engine, tinyT5, 1);
  const steps = await train(policyLearner(policy, pairs), { epochs: 100, batchSize: 8 });
  expect(steps.at(-1)!.loss).toBeLessThan(0.02);
  const greedy = GenerationConfig.parse({ sample: false, maxNewTokens: 8 });
  const queries = pairs.map(({ query }) => query);
  const generations = await policy.generate(queries, greedy, { seed: 0, key: [] });
  const told = generations.map(({ response, truncated }) => ({ response, truncated }));
  expect(told).toEqual(pairs.map(({ response }) => ({ response, truncated: false })));
  await policy.close();
});

test('a classifier learns a handful of examples by heart', async () => {
  const classifier = await freshClassifier(engine, tinyRoberta, 1);
  const steps = await train(classifierLearner(classifier, texts), { epochs: 40, batchSize: 8 });
  expect(steps.at(-1)!.loss).toBeLessThan(0.02);
  const logits = await classifier.logits(texts.map(({ ids }) => ids));
  expect(logits.map(([nothate, hate]) => Number(hate > nothate))).toEqual(
    texts.map(({ label }) => label),
  );
  await classifier.close();
});

test('an adapter learns while its base stays as it is', async () => {
  const model = await tinyModelFolder(engine);
  const lora: LoraConfig = {
    rank: 4,
    alpha: 8,
    targetModules: ['q', 'v'],
    rsLora: false,
    dropout: 0,
    baseModel: '',
  };
  const { policy } = await loadPolicy(engine, { model, lora });
  const steps = await train(policyLearner(policy, pairs), { epochs: 40, batchSize: 8 });
  expect(steps.at(-1)!.loss).toBeLessThan(0.6 * steps[0].loss);
  expect([...policy.parameters.tensors.keys()].filter((name) => !/lora_[AB]/.test(name))).toEqual(
    [],
  );
  await policy.close();
});

describe('a step that is split', () => {
  const indices = [5, 0, 3, 7, 2, 6, 1, 4];
  type Result = Awaited<ReturnType<Learner['gradient']>>;

  /** Loss and gradients are sums in another order: float32 rounds at 6e-8. */
  function expectSame(one: Result, other: Result) {
    expect(one.loss).toBeCloseTo(other.loss, 6);
    for (const [name, { data }] of one.gradients) {
      expect(data).toBeAllClose(other.gradients.get(name)!.data, { atol: 1e-6 });
    }
  }

  test.each([1, 3, 5])(
    'into parts of %i has the loss and the gradients of the whole',
    async (microBatchSize) => {
      const policy = await freshPolicy(engine, tinyT5, 1);
      const whole = await policyLearner(policy, pairs).gradient(indices, 0);
      expectSame(
        await policyLearner(policy, pairs, { microBatchSize }).gradient(indices, 0),
        whole,
      );
      await policy.close();
      const classifier = await freshClassifier(engine, tinyRoberta, 1);
      const learning = { classWeights: [0.3, 2] };
      const all = await classifierLearner(classifier, texts, learning).gradient(indices, 0);
      const split = classifierLearner(classifier, texts, { ...learning, microBatchSize });
      expectSame(await split.gradient(indices, 0), all);
      await classifier.close();
    },
  );

  test('drops the same, and something else in each step', async () => {
    const model = await tinyModelFolder(engine);
    const lora: LoraConfig = {
      ...{ rank: 4, alpha: 8, targetModules: ['q', 'v'], rsLora: false, baseModel: '' },
      dropout: 0.3,
    };
    const { policy } = await loadPolicy(engine, { model, lora });
    const gradient = (options: PolicyLearning, step = 2) =>
      policyLearner(policy, pairs, options).gradient(indices, step);
    const whole = await gradient({ dropout: 0.1, seed: 7 });
    expectSame(await gradient({ dropout: 0.1, seed: 7, microBatchSize: 3 }), whole);
    const others = [{ dropout: 0 }, { dropout: 0.1 }, { dropout: 0.2, seed: 7 }];
    const losses = [whole.loss, (await gradient({ dropout: 0.1, seed: 7 }, 3)).loss];
    for (const options of others) losses.push((await gradient(options)).loss);
    expect(new Set(losses.map((loss) => loss.toFixed(6))).size).toBe(losses.length);
    await policy.close();
  });

  test('is split by itself where it is too large, into groups of similar length', async () => {
    const policy = await freshPolicy(engine, tinyT5, 1);
    const parts: number[][] = [];
    // a model so wide that 24 tokens fill a run
    const config = { ...tinyT5, dModel: (2048 * 768) / 24 };
    const wide: Parameters<typeof policyLearner>[0] = {
      parameters: policy.parameters,
      shape: { ...policy.shape, config },
      sequence: (query, response) => policy.sequence(query, response),
      gradient(loss, sequences, inputs) {
        parts.push(sequences.map(({ query }) => query.length));
        return policy.gradient(loss, sequences, inputs);
      },
    };
    const split = await policyLearner(wide, pairs).gradient(indices, 0);
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) expect(part.length * Math.max(...part)).toBeLessThanOrEqual(24);
    expect(parts.flat()).toEqual(pairs.map(({ query }) => query.length).sort((a, b) => a - b));
    expectSame(split, await policyLearner(policy, pairs).gradient(indices, 0));
    await policy.close();
  });

  test('and fits as it is keeps its order: the same bytes as without splitting', async () => {
    const policy = await freshPolicy(engine, tinyT5, 1);
    const learner = policyLearner(policy, pairs);
    const most = policyLearner(policy, pairs, { microBatchSize: 8 });
    expect(await most.gradient(indices, 0)).toEqual(await learner.gradient(indices, 0));
    await policy.close();
  });
});

test('class weights make the loss a weighted mean, as in torch', async () => {
  const classifier = await freshClassifier(engine, tinyRoberta, 1);
  const classWeights = [0.25, 4];
  const batch = texts.slice(0, 3);
  const { loss } = await classifierLearner(classifier, texts, { classWeights }).gradient(
    [0, 1, 2],
    0,
  );
  const logits = await classifier.logits(batch.map(({ ids }) => ids));
  const losses = logits.map(
    ([a, b], i) => Math.log(Math.exp(a) + Math.exp(b)) - [a, b][batch[i].label],
  );
  const weights = batch.map(({ label }) => classWeights[label]);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = losses.reduce((sum, each, i) => sum + (weights[i] * each) / total, 0);
  expect(loss).toBeCloseTo(mean, 6);
  await classifier.close();
});

// sklearn.utils.class_weight.compute_class_weight('balanced', classes=[0, 1], y=[0, 0, 0, 1])
test("balanced weights are scikit-learn's, and 0 where there is nothing to weigh", () => {
  expect(balancedWeights([0, 0, 0, 1], 2)).toBeAllClose([2 / 3, 2], { atol: 1e-12 });
  expect(balancedWeights([0, 0, 2], 3)).toEqual([0.75, 0, 1.5]);
});

describe('the seed', () => {
  async function trained(seed: number): Promise<{ tensors: Tensors; losses: number[] }> {
    const policy = await freshPolicy(engine, tinyT5, 1);
    const steps = await train(policyLearner(policy, pairs), { epochs: 3, seed });
    await policy.close();
    return { tensors: policy.parameters.tensors, losses: steps.map(({ loss }) => loss) };
  }

  test('gives the same bytes twice', async () => {
    expect(await trained(5)).toEqual(await trained(5));
  });

  test('decides the order of the examples', async () => {
    expect((await trained(5)).losses).not.toEqual((await trained(6)).losses);
  });
});

describe('each step', () => {
  /** Remembers what it was asked for; its loss and gradients do not matter. */
  function recorder(count: number, loss = 1) {
    const batches: (readonly number[])[] = [];
    const parameters = { tensors: new Map(), commit: async () => undefined };
    const learner: Learner = {
      parameters: parameters as unknown as Learner['parameters'],
      count,
      async gradient(indices) {
        batches.push(indices);
        return { loss, gradients: new Map() };
      },
    };
    return { learner, batches };
  }

  test('takes each example at most once an epoch, in full batches', async () => {
    const { learner, batches } = recorder(10);
    await train(learner, { epochs: 2 });
    expect(batches.map((batch) => batch.length)).toEqual([4, 4, 4, 4]);
    for (const epoch of [batches.slice(0, 2), batches.slice(2)])
      expect(new Set(epoch.flat()).size).toBe(8);
  });

  test.each([1, 2, 3])('after step %i is the one that would have followed', async (done) => {
    const [all, rest] = [recorder(10), recorder(10)];
    const steps = await train(all.learner, { epochs: 2 });
    const progress = { done, adam: emptyState() };
    const gone: TrainingStep[] = [];
    const settings = config({ epochs: 2 });
    for await (const step of trainSupervised(rest.learner, settings, undefined, progress))
      gone.push(step);
    expect(gone).toEqual(steps.slice(done));
    expect(rest.batches).toEqual(all.batches.slice(done));
    expect(progress.done).toBe(4);
  });

  test('says where it stands, and the rate falls to zero', async () => {
    const { learner } = recorder(8);
    const steps = await train(learner, { epochs: 3, warmup: 2, schedule: 'linear' });
    expect(steps.map(({ step, steps: all }) => `${step}/${all}`)).toEqual([
      '1/6',
      '2/6',
      '3/6',
      '4/6',
      '5/6',
      '6/6',
    ]);
    const rates = steps.map(({ learningRate }) => learningRate / 0.02);
    expect(rates).toBeAllClose([0.5, 1, 0.75, 0.5, 0.25, 0], { atol: 1e-12 });
  });

  test('comes after a look at the abort signal', async () => {
    const { learner, batches } = recorder(8);
    const controller = new AbortController();
    const run = async () => {
      for await (const { step } of trainSupervised(learner, config({}), controller.signal))
        if (step === 2) controller.abort(new Error('enough'));
    };
    await expect(run()).rejects.toThrow('enough');
    expect(batches).toHaveLength(2);
  });

  test('nothing runs before the first is asked for', async () => {
    const { learner, batches } = recorder(8);
    const stream = trainSupervised(learner, config({}));
    expect(batches).toEqual([]);
    await stream.next();
    expect(batches).toHaveLength(1);
  });

  test('a batch larger than the data is an error', async () => {
    const { learner } = recorder(3);
    await expect(train(learner, {})).rejects.toThrow(
      '`batchSize`: expected at most 3, the number of examples, got 4.',
    );
  });

  test('a loss that is not finite stops the training before it spreads', async () => {
    const { learner } = recorder(8, Number.NaN);
    await expect(train(learner, {})).rejects.toThrow('step 1: expected a finite loss, got NaN.');
  });
});
