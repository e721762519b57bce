/** Runs that do not need each other, several at a time: the same numbers, in the same order. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { groupBySize } from '../../src/model/batch.ts';
import { freshClassifier, freshPolicy } from '../../src/model/load.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { classifierLearner, policyLearner } from '../../src/model/supervised.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { RlLearner } from '../../src/rl/learner.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { withLanes } from '../lanes.ts';
import { randomRows, tinyRoberta, tinyT5 } from '../model/tiny.ts';
import { snapshot } from './golden-policy.ts';
import { tinyPolicy, tinySamples, tinyScores } from './tiny-policy.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

/** What work gives on one lane, which has to be what it gives on two and three. */
async function expectSame<T>(work: (engine: Engine) => Promise<T>): Promise<void> {
  const results: T[] = [];
  for (const lanes of [1, 2, 3]) {
    const there = withLanes(engine, lanes);
    results.push(await work(there.engine));
    expect(there.traffic.most).toBe(lanes);
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
}

test('scores of more sequences than fit a run', async () => {
  const wide = { ...tinyT5, layers: 1, decoderLayers: 1, dModel: 512 };
  const queries = randomRows(60, { seed: 1, lengths: [100, 250] });
  await expectSame(async (on) => {
    const policy = await freshPolicy(on, wide, 1);
    const scores = await policy.score(queries.map((query) => policy.sequence(query, [5, 6, 1])));
    await policy.close();
    return scores;
  });
});

test('logits of more texts than fit a run', async () => {
  const wide = { ...tinyRoberta, hidden: 512, maxPositions: 260 };
  const rows = randomRows(60, { seed: 2, lengths: [100, 250] });
  await expectSame(async (on) => {
    const classifier = await freshClassifier(on, wide, 1);
    const logits = await classifier.logits(rows);
    await classifier.close();
    return logits;
  });
});

test('responses, scores and logits of a batch that is cut into runs of few rows', async () => {
  const queries = randomRows(7, { seed: 4, lengths: [2, 9] });
  const cut = (on: Engine) => ({ ...on, rowsPerRun: 2 });
  await expectSame(async (on) => {
    const policy = await freshPolicy(cut(on), tinyT5, 1);
    const settings = GenerationConfig.parse({ maxNewTokens: 6 });
    const made = await policy.generate(queries, settings, { seed: 5, key: ['cut'] });
    const sequences = queries.map((query, i) => policy.sequence(query, made[i].response));
    const scores = await policy.score(sequences);
    await policy.close();
    const classifier = await freshClassifier(cut(on), tinyRoberta, 1);
    const logits = await classifier.logits(queries);
    await classifier.close();
    return { made, scores, logits };
  });
});

test('a group has no more rows than are asked for, and still the longest apart', () => {
  expect(groupBySize([5, 1, 2, 9, 4], 100, 2)).toEqual([[1, 2], [4, 0], [3]]);
  expect(groupBySize([5, 1, 2, 9, 4], 10, 2)).toEqual([[1, 2], [4, 0], [3]]);
});

test.each(['ppo', 'grpo'] as const)(
  'minibatches of one optimizer step of %s',
  async (algorithm) => {
    const config = RlConfig.parse({
      ...{ algorithm, batchSize: 12, miniBatchSize: 2, gradientAccumulationSteps: 3, ppoEpochs: 2 },
      ...{ learningRate: 1e-2, calibrate: 0, ratioThreshold: 1.5, klPenalty: 'k3' },
    });
    await expectSame(async (on) => {
      const { policy, close } = await tinyPolicy(on);
      const reference = await policy.parameters.copy();
      const learner = new RlLearner({ policy, reference, config });
      const done = await learner.step(tinySamples(12), tinyScores(12));
      const { stats, minibatches, gradNorms } = done;
      const steady = Object.entries(stats).filter(([name]) => !name.startsWith('time/'));
      const result = { steady, minibatches, gradNorms, parameters: snapshot(policy) };
      await reference.close();
      await close();
      return result;
    });
  },
);

test('parts of a step of supervised training', async () => {
  const rows = randomRows(9, { seed: 3 });
  const indices = rows.map((_, i) => i);
  await expectSame(async (on) => {
    const { policy, close } = await tinyPolicy(on);
    const examples = rows.map((query, i) => ({ query, response: [4 + i, 1] }));
    const learner = policyLearner(policy, examples, { microBatchSize: 2, dropout: 0.1 });
    const result = await learner.gradient(indices, 0);
    await close();
    return result;
  });
  await expectSame(async (on) => {
    const classifier = await freshClassifier(on, tinyRoberta, 1);
    const examples = rows.map((ids, i) => ({ ids, label: i % 2 }));
    const result = await classifierLearner(classifier, examples, { microBatchSize: 2 }).gradient(
      indices,
      0,
    );
    await classifier.close();
    return result;
  });
});

test('a minibatch that fails ends the step by its own error, and leaves nothing running', async () => {
  const there = withLanes(engine, 3);
  let runs = 0;
  let flying = 0;
  const failing: Engine = {
    ...there.engine,
    async compile(graph, options) {
      const session = await there.engine.compile(graph, options);
      if (!options?.name?.startsWith('gradient')) return session;
      return {
        ...session,
        async run(...from) {
          const run = ++runs;
          flying++;
          try {
            if (run > 1) throw new Error(`run ${run} fails`);
            return await session.run(...from);
          } finally {
            flying--;
          }
        },
      };
    },
  };
  const { policy, close } = await tinyPolicy(failing);
  const reference = await policy.parameters.copy();
  const sizes = { batchSize: 12, miniBatchSize: 3, gradientAccumulationSteps: 4, calibrate: 0 };
  const learner = new RlLearner({ policy, reference, config: RlConfig.parse(sizes) });
  const before = snapshot(policy);
  await expect(learner.step(tinySamples(12), tinyScores(12))).rejects.toThrow('run 2 fails');
  expect([runs, flying]).toEqual([4, 0]);
  expect(snapshot(policy)).toEqual(before);
  await reference.close();
  await close();
});
