/** The bookkeeping of an update: gradients that are told beforehand in, known steps out. */
import { describe, expect, test } from 'vitest';
import { adam, type Optimizer } from '../../src/model/optimizer.ts';
import type { Advantages, Experience } from '../../src/rl/algorithm.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { policyLoss } from '../../src/rl/loss.ts';
import type { Rows } from '../../src/rl/masked.ts';
import { rlSample } from '../../src/rl/sample.ts';
import type { Correction } from '../../src/rl/trl/corrections.ts';
import { placesOf } from '../../src/rl/trl/places.ts';
import { type UpdateOptions, update } from '../../src/rl/update.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { row } from './experience.ts';
import { workedLoss } from './work-graph.ts';

/** What the policy says when it is asked for a gradient. */
interface Answer {
  /** Of the adapter, two numbers. @default 3 and 4 */
  readonly adapter?: readonly number[];
  /** Of the value head, one number. @default 0 */
  readonly head?: number;
  /** Probability of each token over that in the rollouts. @default 1 */
  readonly ratio?: number;
  /** A loss that is no number. @default what the answer comes to */
  readonly broken?: number;
}

/** What the policy was asked. */
interface Question {
  readonly rows: readonly number[];
  readonly inputs: Readonly<Record<string, Rows>>;
  readonly temperature: number | undefined;
  readonly loss: string;
}

interface Scenario extends Partial<Omit<UpdateOptions, 'config' | 'policy'>> {
  readonly config?: Partial<RlConfig>;
  /** Corrections of TRL to leave out. */
  readonly without?: readonly Correction[];
  /** To one question after another; what is not told has the defaults. */
  readonly answers?: readonly Answer[];
  readonly critic?: boolean;
}

/** Responses of one token, of two, and so on; a row's numbers are its own. */
function batchOf(size: number, critic: boolean): Experience & Advantages {
  const samples = Array.from({ length: size }, (_, i) => {
    const ids = [0, ...Array.from({ length: i + 1 }, (_, t) => t + 1)];
    return rlSample([i], ids);
  });
  const rows = (start: number) =>
    samples.map(({ mask }, i) => mask.map((_, t) => start - i - t / 8));
  const rest = { rewards: rows(0), kls: rows(0), scores: samples.map(() => 0) };
  return {
    ...rest,
    samples,
    masks: samples.map(({ mask }) => mask),
    logprobs: rows(-1),
    refLogprobs: rows(-2),
    values: rows(30),
    advantages: rows(10),
    ...(critic && { critic: { values: rows(30), returns: rows(40) } }),
  };
}

/** Plain gradient descent: parameter - rate · gradient. */
function descent(): Optimizer {
  return {
    state: adam({ learningRate: 1 }).state,
    step(parameters, gradients, rate) {
      for (const [name, { data }] of parameters) {
        const gradient = gradients.get(name)!.data;
        const size = typeof rate === 'function' ? rate(name) : rate!;
        for (let i = 0; i < data.length; i++) data[i] -= size * gradient[i];
      }
    },
  };
}

/** An update of two parameters, both of which start at zero, by a policy that answers as it is told. */
async function run({
  config: settings,
  without = [],
  answers = [],
  critic = true,
  ...rest
}: Scenario) {
  const small = { batchSize: 4, miniBatchSize: 2, ppoEpochs: 1, earlyStopping: false };
  const config = RlConfig.parse({ ...small, ...settings });
  const batch = batchOf(config.batchSize, critic);
  const tensors = new Map<string, Tensor<'float32'>>([
    ['adapter', float32([0, 0])],
    ['head', float32([0])],
  ]);
  const questions: Question[] = [];
  const log: string[] = [];
  const policy: UpdateOptions['policy'] = {
    async gradient(loss, sequences, inputs, options) {
      const rows = sequences.map(({ query }) => query[0]);
      const { adapter = [3, 4], head = 0, ratio = 1, broken } = answers[questions.length] ?? {};
      questions.push({ rows, inputs, temperature: options?.temperature, loss: loss.name });
      log.push(`gradient ${rows}`);
      const scores = rows.map((i) => ({
        logprobs: batch.logprobs[i].map((lp) => lp + Math.log(ratio)),
        values: batch.values[i],
        entropies: batch.values[i].map(() => 1),
      }));
      const gradients = new Map([
        ['adapter', float32(adapter)],
        ['head', float32([head])],
      ]);
      const worked = workedLoss(loss, scores, inputs);
      return { ...worked, ...(broken !== undefined && { loss: broken }), gradients };
    },
    parameters: {
      tensors,
      async commit() {
        log.push(`commit ${[...tensors.get('adapter')!.data]}`);
      },
    },
  };
  const options: UpdateOptions = {
    policy,
    config,
    optimizer: descent(),
    loss: policyLoss(config),
    places: placesOf({ compat: 'none', without }),
    temperature: 1,
    step: 1,
    klCoef: 0.5,
    learningRate: () => 1,
    learns: () => true,
    updates: 0,
    checksStart: false,
    shuffle: () => Array.from({ length: config.batchSize }, (_, i) => i),
    ...rest,
  };
  const done = await update(batch, options);
  const parameters = [...tensors.values()].flatMap(({ data }) => [...data]);
  return { done, parameters, questions, log, batch, config };
}

/** What the ratio r is worth as k3 estimate: r - 1 - log r. */
const k3Of = (ratio: number) => ratio - 1 - Math.log(ratio);

describe('minibatches', () => {
  test('come in the order of the shuffle, which each epoch has anew', async () => {
    const orders = [
      [2, 0, 3, 1],
      [1, 2, 3, 0],
    ];
    const config = { ppoEpochs: 2 };
    const { done, questions } = await run({ config, shuffle: (epoch) => orders[epoch] });
    const rows = [
      [2, 0],
      [3, 1],
      [1, 2],
      [3, 0],
    ];
    expect(questions.map((question) => question.rows)).toEqual(rows);
    expect(done.trained.map((each) => each.rows)).toEqual(rows);
    expect(done.minibatches).toHaveLength(4);
    expect(done.gradNorms).toEqual([5, 5, 5, 5]);
  });

  test('each are followed by a step, whose parameters are sent before the next', async () => {
    const answers = [{ adapter: [1, 0] }, { adapter: [0, 2] }];
    const { log, parameters } = await run({ answers });
    expect(log).toEqual(['gradient 0,1', 'commit -1,0', 'gradient 2,3', 'commit -1,-2']);
    expect(parameters).toEqual([-1, -2, 0]);
  });

  test('that are accumulated take one step, by the mean of their gradients', async () => {
    const config = { miniBatchSize: 1, gradientAccumulationSteps: 2 };
    const answers = [
      { adapter: [1, 8], head: 2 },
      { adapter: [5, 0], head: 4 },
      { adapter: [2, 2] },
      { adapter: [-2, 4] },
    ];
    const { done, log, parameters } = await run({ config, answers });
    expect(log).toEqual([
      ...['gradient 0', 'gradient 1', 'commit -3,-4'],
      ...['gradient 2', 'gradient 3', 'commit -3,-7'],
    ]);
    expect(parameters).toEqual([-3, -7, -3]);
    expect(done.gradNorms).toEqual([Math.sqrt(9 + 16 + 9), 3]);
  });

  test('keep their size when several are accumulated', async () => {
    const config = { batchSize: 8, miniBatchSize: 2, gradientAccumulationSteps: 2 };
    const { questions, done } = await run({ config });
    expect(questions.map((question) => question.rows)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
    expect(done.gradNorms).toEqual([5, 5]);
  });

  test('tell the ratios and the statistics of each', async () => {
    const { done } = await run({ answers: [{ ratio: 1.5 }, { ratio: 0.5 }] });
    const ratios = done.trained.map((each) => each.ratios.flatMap((row) => [...row]));
    const tolerance = { rtol: 1e-5 }; // float32 logprobs
    expect(ratios[0]).toBeAllClose([1.5, 1.5, 1.5], tolerance);
    expect(ratios[1]).toBeAllClose(new Array(7).fill(0.5), tolerance);
    const means = done.minibatches.map(({ ratio, k3 }) => [ratio, k3]);
    expect(means.flat()).toBeAllClose([1.5, k3Of(1.5), 0.5, k3Of(0.5)], tolerance);
  });
});

describe('a minibatch is asked for with', () => {
  const shuffle = () => [1, 0, 2, 3];

  test('its own rows of the batch, the loss, and the temperature', async () => {
    const { batch, questions, config } = await run({ shuffle, temperature: 0.7 });
    const [first] = questions;
    expect(first).toMatchObject({ temperature: 0.7, loss: policyLoss(config).name });
    const pick = (rows: Rows) => [rows[1], rows[0]];
    expect(first.inputs).toMatchObject({
      oldLogprobs: pick(batch.logprobs),
      advantages: pick(batch.advantages),
      refLogprobs: pick(batch.refLogprobs),
      oldValues: pick(batch.critic!.values),
      returns: pick(batch.critic!.returns),
    });
  });

  test('nothing of a critic where there is none', async () => {
    const { questions } = await run({ critic: false, config: { algorithm: 'rloo' } });
    const names = ['oldLogprobs', 'advantages', 'refLogprobs', 'weights', 'klWeights'];
    expect(Object.keys(questions[0].inputs)).toEqual(names);
  });

  test('weights that sum to one: all tokens the same, or all responses the same', async () => {
    const token = (await run({ shuffle, config: { lossAverage: 'token' } })).questions[0].inputs;
    expect(token.weights).toEqual([row(1 / 3, 1 / 3), row(1 / 3)]);
    const sequence = await run({ shuffle, config: { lossAverage: 'sequence' } });
    expect(sequence.questions[0].inputs.weights).toEqual([row(1 / 4, 1 / 4), row(1 / 2)]);
    expect(sequence.questions[0].inputs.klWeights).toEqual([row(1 / 8, 1 / 8), row(1 / 4)]);
  });

  test("statistics that know the KL's price", async () => {
    const config = { klPlacement: 'loss', klPenalty: 'abs', vfCoef: 0 } as const;
    const { done } = await run({ config });
    const [{ 'loss/policy': policy, 'loss/total': total }] = done.minibatches;
    expect(total - policy).toBeCloseTo(0.5 * 1, 6); // logprobs are 1 above the reference's
  });
});

describe('a minibatch whose mean ratio is above the threshold', () => {
  const config = { ratioThreshold: 2 };
  const none = { 'loss/policy': 0, 'loss/value': 0, 'loss/total': 0 };

  test('takes no step: nothing moves, nothing is sent, the optimizer knows nothing of it', async () => {
    const optimizer = adam({ learningRate: 1 });
    const answers = [{ ratio: 2.1 }, { ratio: 2.1 }];
    const { done, log, parameters } = await run({ config, answers, optimizer });
    expect(parameters).toEqual([0, 0, 0]);
    expect(log).toEqual(['gradient 0,1', 'gradient 2,3']);
    expect(done.gradNorms).toEqual([]);
    expect(optimizer.state).toEqual(adam({ learningRate: 1 }).state);
  });

  test('is told with losses of zero, and its ratio as it is', async () => {
    const { done } = await run({ config, answers: [{ ratio: 2.1 }, { ratio: 1.9 }] });
    const [skipped, taken] = done.minibatches;
    expect(skipped).toMatchObject(none);
    expect(skipped.ratio).toBeCloseTo(2.1, 5);
    expect(skipped['policy/entropy']).toBe(1);
    expect(taken['loss/total']).not.toBe(0);
    expect(done.gradNorms).toEqual([5]);
  });

  test('is not one whose ratio is just the threshold', async () => {
    expect((await run({ config: { ratioThreshold: 1 } })).done.gradNorms).toEqual([5, 5]);
  });

  test('keeps those that are accumulated with it from a step, before it and after it', async () => {
    const settings = { ...config, miniBatchSize: 1, gradientAccumulationSteps: 2 };
    const answers = [{ ratio: 3 }, {}, {}, { ratio: 3 }];
    const { done, parameters } = await run({ config: settings, answers });
    expect(parameters).toEqual([0, 0, 0]);
    expect(done.minibatches.map((each) => each['loss/policy'] === 0)).toEqual([
      ...[true, false, false, true],
    ]);
  });

  describe('in TRL', () => {
    const without = ['skipsWholeStep'] as const;

    test('counts as a gradient of zero beside those that are accumulated with it', async () => {
      const settings = { ...config, miniBatchSize: 1, gradientAccumulationSteps: 2 };
      const answers = [{ adapter: [9, 9], ratio: 3 }, { adapter: [6, 8] }];
      const { done, parameters } = await run({
        config: { ...settings, batchSize: 2 },
        answers,
        without,
      });
      expect(parameters).toEqual([-3, -4, 0]);
      expect(done.gradNorms).toEqual([5]);
      expect(done.minibatches[0]).toMatchObject(none);
    });

    test('lets Adam go on by momentum', async () => {
      const optimizer = adam({ learningRate: 1, betas: [0.9, 0.99], eps: 0 });
      const answers = [
        { adapter: [2, -3], head: 6 },
        { adapter: [7, 7], ratio: 3 },
      ];
      const { done, parameters } = await run({ config, answers, without, optimizer });
      expect(done.gradNorms).toEqual([7, 0]);
      // first step: the sign; second: m = 0.9·0.1 g over 1 - 0.9², v = 0.99·0.01 g² over 1 - 0.99²
      const second = 0.09 / 0.19 / Math.sqrt(0.0099 / 0.0199);
      const [first, other] = parameters;
      expect([first, other]).toBeAllClose([-1 - second, 1 + second], { rtol: 1e-6 }); // float32
    });
  });
});

describe('early stopping', () => {
  /** 1.5 times this is just below, or just above, the k3 estimate of a ratio of 1.5. */
  const [below, above] = [0.999, 1.001].map((factor) => (factor * k3Of(1.5)) / 1.5);
  const eager = { earlyStopping: true, ppoEpochs: 3, targetKl: below };

  test('looks at a minibatch before its step, and ends the update', async () => {
    const { done, log } = await run({ config: eager, answers: [{}, { ratio: 1.5 }] });
    expect(log).toEqual(['gradient 0,1', 'commit -3,-4', 'gradient 2,3']);
    expect(done.gradNorms).toEqual([5]);
    expect(done.minibatches).toHaveLength(2); // the second was looked at
    expect(done.trained).toHaveLength(2);
  });

  test('goes on below 1.5 times the target', async () => {
    const config = { ...eager, targetKl: above };
    const { done } = await run({ config, answers: [{}, { ratio: 1.5 }] });
    expect(done.gradNorms).toHaveLength(6);
  });

  test('goes on at just 1.5 times the target', async () => {
    const answers = [{}, { ratio: 0.5 }];
    const { k3, 'policy/policykl': kl } = (await run({ answers })).done.minibatches[1];
    for (const [far, without] of [[k3, []] as const, [kl, ['stopsBeforeStep']] as const]) {
      const config = { ...eager, targetKl: far / 1.5 };
      expect(1.5 * config.targetKl).toBe(far);
      expect((await run({ config, answers, without })).done.gradNorms).toHaveLength(6);
    }
  });

  test('looks at all minibatches that are accumulated', async () => {
    const config = { ...eager, miniBatchSize: 1, gradientAccumulationSteps: 2 };
    for (const answers of [[{ ratio: 1.5 }], [{}, { ratio: 1.5 }]]) {
      const { done, parameters } = await run({ config, answers });
      expect(done.gradNorms).toEqual([]);
      expect(parameters).toEqual([0, 0, 0]);
    }
  });

  test('comes before the ratio threshold, whichever of the two is passed first', async () => {
    const config = {
      ...eager,
      miniBatchSize: 1,
      gradientAccumulationSteps: 2,
      ratioThreshold: 1.2,
    };
    // ratio 1.3 is above the threshold, and its k3 estimate below the target
    for (const ratios of [[1.5], [1.3, 1.5], [1.5, 1.3]]) {
      const { done, log } = await run({ config, answers: ratios.map((ratio) => ({ ratio })) });
      expect(done.gradNorms).toEqual([]);
      expect(log).toEqual(['gradient 0', 'gradient 1']);
    }
  });

  test('has no say when it is off', async () => {
    const config = { ...eager, earlyStopping: false };
    for (const without of [[], ['stopsBeforeStep']] as const) {
      const answers = new Array(6).fill({ ratio: 0.2 });
      expect((await run({ config, answers, without })).done.gradNorms).toHaveLength(6);
    }
  });

  describe('in TRL', () => {
    const without = ['stopsBeforeStep'] as const;
    /** Just below the signed KL of a ratio of 0.5, log 2. */
    const config = { ...eager, targetKl: (0.999 * Math.LN2) / 1.5 };

    test('looks at the signed KL of the last minibatch of an epoch, after its step', async () => {
      const { done } = await run({ config, answers: [{}, {}, {}, { ratio: 0.5 }], without });
      expect(done.gradNorms).toEqual([5, 5, 5, 5]); // two of three epochs
    });

    test('does not look at the others, nor at probabilities that have grown', async () => {
      const first = await run({ config, answers: [{ ratio: 0.4 }], without });
      expect(first.done.gradNorms).toHaveLength(6);
      const grown = await run({ config, answers: [{}, { ratio: 9 }], without });
      expect(grown.done.gradNorms).toHaveLength(6);
    });

    test('goes on below 1.5 times the target', async () => {
      const higher = { ...config, targetKl: (1.001 * Math.LN2) / 1.5 };
      const { done } = await run({ config: higher, answers: [{}, { ratio: 0.5 }], without });
      expect(done.gradNorms).toHaveLength(6);
    });
  });

  test('does not look at the signed KL otherwise', async () => {
    // k3 of 0.5 is 0.19, its signed KL 0.69
    const config = { ...eager, targetKl: 0.2 };
    const { done } = await run({ config, answers: [{}, { ratio: 0.5 }] });
    expect(done.gradNorms).toHaveLength(6);
  });
});

describe('maxGradNorm', () => {
  const config = { maxGradNorm: 1 };
  const clipped = { atol: 1e-5 }; // torch adds 1e-6 to the norm

  test('limits every step, and the norm is told as it was before', async () => {
    const { done, parameters } = await run({ config });
    expect(done.gradNorms).toEqual([5, 5]);
    expect(parameters).toBeAllClose([-1.2, -1.6, 0], clipped);
  });

  test('limits the mean of what is accumulated, not its parts', async () => {
    const settings = { ...config, batchSize: 2, miniBatchSize: 1, gradientAccumulationSteps: 2 };
    const answers = [{ adapter: [30, 0] }, { adapter: [0, 40] }];
    const { done, parameters } = await run({ config: settings, answers });
    expect(done.gradNorms).toEqual([25]);
    expect(parameters).toBeAllClose([-0.6, -0.8, 0], clipped);
  });

  test('leaves shorter gradients as they are', async () => {
    const { parameters } = await run({ config: { maxGradNorm: 6 } });
    expect(parameters).toEqual([-6, -8, 0]);
  });

  describe('in TRL', () => {
    const without = ['clipsEveryStep'] as const;

    test("limits the first step of the optimizer's life alone", async () => {
      const { done, parameters } = await run({ config, without });
      expect(parameters).toBeAllClose([-3.6, -4.8, 0], clipped);
      expect(done.gradNorms).toEqual([5, 5]);
    });

    test('limits none when there were steps before', async () => {
      const { parameters } = await run({ config, without, updates: 1 });
      expect(parameters).toEqual([-6, -8, 0]);
    });

    test('limits the first that is taken, when others were skipped before', async () => {
      const settings = { ...config, ratioThreshold: 2 };
      const { done, parameters } = await run({
        config: settings,
        without,
        answers: [{ ratio: 3 }],
      });
      expect(done.gradNorms).toEqual([5]);
      expect(parameters).toBeAllClose([-0.6, -0.8, 0], clipped);
    });
  });
});

describe('what learns', () => {
  const answers = [
    { adapter: [30, 40], head: 2 },
    { adapter: [30, 40], head: -3 },
  ];

  test('moves, each parameter by its own learning rate', async () => {
    const rates: Record<string, number> = { adapter: 0.5, head: 10 };
    const { parameters } = await run({ answers, learningRate: (name) => rates[name] });
    expect(parameters).toEqual([-30, -40, 10]);
  });

  test('is alone in the step, in the norm, and in what is clipped', async () => {
    const optimizer = adam({ learningRate: 1 });
    const learns = (name: string) => name === 'head';
    const warm = await run({ answers, learns, optimizer });
    expect(warm.parameters.slice(0, 2)).toEqual([0, 0]);
    expect(warm.parameters[2]).not.toBe(0);
    expect(warm.done.gradNorms).toEqual([2, 3]);
    expect([...optimizer.state.steps]).toEqual([['head', 2]]);
    const clipped = await run({ answers, learns, config: { maxGradNorm: 2.5 } });
    expect(clipped.parameters).toBeAllClose([0, 0, -2 + 2.5], { atol: 1e-5 });
  });
});

describe('the very first ratio of a run', () => {
  const apart = [{ ratio: 1.002 }];

  test('has to be 1, or the run stops before its first step', async () => {
    const call = run({ answers: apart, checksStart: true });
    await expect(call).rejects.toMatchObject({
      code: 'INVARIANT',
      message: expect.stringContaining('expected ratio 1 before the first update, got 1.00'),
    });
  });

  test('may be anything later in the run, and where nothing is asked of it', async () => {
    for (const scenario of [{ checksStart: true, updates: 1 }, { checksStart: false }])
      await expect(run({ answers: apart, ...scenario })).resolves.toBeDefined();
  });

  test('is that of the first minibatch: others have moved on', async () => {
    const answers = [{}, ...apart];
    const config = { miniBatchSize: 1, gradientAccumulationSteps: 2 };
    for (const settings of [{}, config])
      await expect(run({ answers, checksStart: true, config: settings })).resolves.toBeDefined();
  });
});

describe('a number that is not finite stops the update, and is named', () => {
  test.each([
    { where: 'gradient', answer: { adapter: [1, Number.NaN] }, message: 'gradient of adapter' },
    { where: 'loss', answer: { broken: Number.POSITIVE_INFINITY }, message: 'value of the loss' },
    {
      where: 'logprobs',
      answer: { ratio: 0 },
      message: 'logprobs in training of sample 2, token 0',
    },
  ])('$where', async ({ answer, message }) => {
    const call = run({ answers: [{}, answer], step: 7 });
    await expect(call).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringContaining(message),
    });
    await expect(call).rejects.toThrow('step 7');
  });

  test('of a row of the minibatch, with the query and response that it stands for', async () => {
    const answers = [{ ratio: 0 }];
    const call = run({ answers, shuffle: () => [3, 2, 1, 0] });
    await expect(call).rejects.toMatchObject({ details: { query: [3], response: [1, 2, 3, 4] } });
  });

  test('parameters that a step has made', async () => {
    const call = run({ learningRate: () => Number.POSITIVE_INFINITY });
    await expect(call).rejects.toThrow('parameter of adapter');
  });
});
