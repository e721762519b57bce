import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradientNorm } from '../../src/model/optimizer.ts';
import type { Parameters } from '../../src/model/parameters.ts';
import type { Policy } from '../../src/model/policy.ts';
import { drawnAt } from '../../src/model/sampling.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { RlLearner, type RlStep } from '../../src/rl/learner.ts';
import { LearnerNumbers, type LearnerState } from '../../src/rl/learner-state.ts';
import { moments, type Rows } from '../../src/rl/masked.ts';
import { type RlSample, rlSample } from '../../src/rl/sample.ts';
import { placesOf } from '../../src/rl/trl/places.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { float32 } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { snapshot } from './golden-policy.ts';
import { tinySamples, tinyScores, tinyStart } from './tiny-policy.ts';

let engine: Engine;
let policy: Policy;
let reference: Parameters;
let restore: () => Promise<void>;
let close: () => Promise<void>;
beforeAll(async () => {
  engine = await testEngine();
  ({ policy, reference, restore, close } = await tinyStart(engine));
});
afterAll(async () => {
  await close();
  await engine.close();
});

const size = 8;
const rates = { learningRate: 1e-2, initKlCoef: 0.1 };
const sizes = { batchSize: size, miniBatchSize: 4, ppoEpochs: 1, calibrate: 0 };
type Options = Partial<RlConfig>;

/** A new learner; the policy goes back to its start. */
async function learnerOf(options: Options = {}): Promise<{ learner: RlLearner; config: RlConfig }> {
  const config = RlConfig.parse({ ...sizes, ...rates, ...options });
  await restore();
  return { learner: new RlLearner({ policy, reference, config }), config };
}

const samples = tinySamples(size);
const scores = tinyScores(size);
const flat = (rows: Rows) => rows.flatMap((row) => [...row]);
const vHead = (name: string) => name.startsWith('v_head.');

/** Names of the parameters that are no longer what they were. */
function moved(before: Record<string, Float32Array>): string[] {
  const now = snapshot(policy);
  return Object.keys(now).filter((name) => String(now[name]) !== String(before[name]));
}

/** What does not depend on the clock. */
const timeless = ({ stats }: RlStep) =>
  Object.fromEntries(Object.entries(stats).filter(([name]) => !name.startsWith('time/')));

/** A state as a file brings it back. */
function stored({ steps, memory, tensors }: LearnerState): LearnerState {
  const read = [...tensors].map(
    ([name, { data, shape }]) => [name, float32(Float32Array.from(data), shape)] as const,
  );
  const json = JSON.parse(JSON.stringify(memory));
  return { steps, memory: LearnerNumbers.parse(json), tensors: new Map(read) };
}

describe('a learner that is saved and restored', () => {
  const adapting = { horizon: 20, target: 0.1 };
  const variants: Record<string, Options> = {
    'ppo with scaled scores': {
      ...adapting,
      useScoreScaling: true,
      useScoreNorm: true,
      criticWarmup: 1,
      maxGradNorm: 0.05,
    },
    'ppo with calibrated scores': { calibrate: 4, adapKlCtrl: false, ppoEpochs: 2 },
    rloo: { algorithm: 'rloo', ...adapting },
    grpo: { algorithm: 'grpo', ...adapting },
    "TRL's ppo with drawn lengths": {
      compat: 'trl-0.8.0',
      ...adapting,
      responseLimits: [3, 7],
      maxGradNorm: 0.05, // which acts once in a life
    },
  };

  /** Steps `from` to `to`, each on a batch of its own. */
  async function go(learner: RlLearner, config: RlConfig, from: number, to: number) {
    const steps: RlStep[] = [];
    for (let step = from; step < to; step++) {
      const batch = tinySamples(size, step + 1).map((sample, row) => drawn(sample, row, step));
      steps.push(await learner.step(batch, tinyScores(size, step)));
    }
    return { stats: steps.map(timeless), end: snapshot(policy), state: learner.save() };

    /** Cut at a length that is drawn. */
    function drawn(sample: RlSample, row: number, step: number): RlSample {
      const { responseLimits } = config;
      if (!responseLimits) return sample;
      const { query, inputs, labels } = sample.sequence;
      const limit = learner.draws.limit(step, row, responseLimits);
      const ids = [inputs[0], ...labels].slice(0, limit + 1);
      return rlSample(query, ids, {
        mask: placesOf(config).mask,
        truncated: ids.length > limit,
      });
    }
  }

  test.each(Object.entries(variants))(
    'goes on as if nothing had happened: %s',
    async (_, options) => {
      const { learner, config } = await learnerOf({ ...options, steps: 5 });
      if (config.calibrate > 0) learner.calibrate([1, 2, 3, 6]);
      await go(learner, config, 0, 2);
      const state = learner.save();
      const undisturbed = await go(learner, config, 2, 4);

      const { learner: fresh } = await learnerOf({ ...options, steps: 5 });
      await fresh.restore(stored(state));
      expect(fresh.steps).toBe(2);
      expect(fresh.save()).toEqual(state);
      const resumed = await go(fresh, config, 2, 4);
      expect(resumed).toEqual(undisturbed);
      expect(fresh.kl.value).toBe(learner.kl.value);
    },
  );

  test('goes back, where the learner has gone further', async () => {
    const options = { criticWarmup: 1, steps: 3 };
    const { learner, config } = await learnerOf(options);
    const start = learner.save();
    const first = await go(learner, config, 0, 3);
    await learner.restore(start);
    expect(learner.save()).toEqual(start);
    expect(await go(learner, config, 0, 3)).toEqual(first);
  });

  test('is a copy: what the learner does later is not in it', async () => {
    const { learner, config } = await learnerOf();
    await go(learner, config, 0, 1);
    const state = learner.save();
    const then = stored(state);
    await go(learner, config, 1, 2);
    expect(state).toEqual(then);
    await learner.restore(state);
    await go(learner, config, 1, 2);
    expect(state).toEqual(then);
  });

  test("keeps its place in numpy's stream when it has drawn for reference samples alone", async () => {
    const options: Options = { without: ['shufflesByKey'], calibrate: 4 };
    const { learner } = await learnerOf(options);
    for (let row = 0; row < size; row++) learner.draws.limit(0, row, [100, 400]);
    learner.calibrate([1, 2, 3, 6]);
    const { learner: fresh } = await learnerOf(options);
    await fresh.restore(stored(learner.save()));
    expect(fresh.draws.shuffle(0, 0)).toEqual(learner.draws.shuffle(0, 0));
  });

  describe('is refused, and nothing is changed, when its parameters', () => {
    const change: Record<string, (tensors: LearnerState['tensors'], name: string) => void> = {
      'lack one of the policy': (tensors, name) => tensors.delete(`parameter.${name}`),
      'are more than the policy has': (tensors) =>
        tensors.set('parameter.other', float32([1, 2], [2])),
      'have another shape': (tensors, name) => {
        const { data } = tensors.get(`parameter.${name}`)!;
        tensors.set(`parameter.${name}`, float32(data, [data.length]));
      },
    };

    test.each(Object.entries(change))('%s', async (_, spoil) => {
      const { learner, config } = await learnerOf();
      await go(learner, config, 0, 1);
      const state = stored(learner.save());
      const { learner: fresh } = await learnerOf();
      const before = snapshot(policy);
      // the last matrix, so that others would have been taken over before
      const matrices = [...policy.parameters.tensors].filter(([, { shape }]) => shape[0] > 1);
      spoil(state.tensors, matrices.at(-1)![0]);
      await expect(fresh.restore(state)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
      expect(snapshot(policy)).toEqual(before);
      expect(fresh.save()).toEqual((await learnerOf()).learner.save());
    });
  });
});

describe('critic', () => {
  test('criticWarmup: in those steps the value head moves alone, and nothing else gathers momentum', async () => {
    const { learner } = await learnerOf({ criticWarmup: 2, steps: 3, maxGradNorm: 1 });
    const start = snapshot(policy);
    for (const step of [0, 1]) {
      await learner.step(samples, tinyScores(size, step));
      expect(moved(start).length).toBeGreaterThan(0);
      expect(moved(start).every(vHead)).toBe(true);
      const { first, second, steps } = learner.optimizer.state;
      for (const known of [first, second, steps]) expect([...known.keys()].every(vHead)).toBe(true);
    }
    await learner.step(samples, scores);
    expect(moved(start)).toHaveLength(Object.keys(start).length);
    const { steps } = learner.optimizer.state;
    expect(new Set([...steps].map(([name, taken]) => `${vHead(name)} ${taken}`))).toEqual(
      new Set(['true 6', 'false 2']), // two minibatches a step
    );
  });

  test('criticWarmup: the gradients that do not act are not clipped by, nor told of', async () => {
    const { learner } = await learnerOf({ criticWarmup: 1, steps: 2, miniBatchSize: size });
    const { gradNorms } = await learner.step(samples, scores);
    const [first] = [learner.optimizer.state.first];
    // Adam's first moment is a tenth of the gradient
    expect(gradNorms).toBeAllClose([10 * gradientNorm(first)], { rtol: 1e-6 });
  });

  test("valueLearningRate: the head's steps are larger by its rate over the other's, the others' are not", async () => {
    const changes = async (options: Options) => {
      const { learner } = await learnerOf({ ...options, miniBatchSize: size });
      for (const [name, { data }] of policy.parameters.tensors) if (vHead(name)) data.fill(0);
      await policy.parameters.commit(); // so that the head's change is its value, unrounded
      await learner.step(samples, scores);
      return snapshot(policy);
    };
    const same = await changes({});
    const faster = await changes({ valueLearningRate: 8 * rates.learningRate });
    for (const [name, values] of Object.entries(faster)) {
      const factor = vHead(name) ? 8 : 1;
      // a power of two: float32 rounds both alike, but the rate is made by a division
      const expected = same[name].map((x) => factor * x);
      expect(values, name).toBeAllClose(expected, { rtol: 2e-7 });
    }
  });

  test('ppo refuses a policy without a value head, whose values would all be zero', async () => {
    const config = RlConfig.parse(sizes);
    const headless = { ...policy, shape: { ...policy.shape, valueHead: false } } as Policy;
    const call = () => new RlLearner({ policy: headless, reference, config });
    expect(call).toThrow(
      'learner: expected a policy with a value head for algorithm ppo, got none',
    );
  });
});

describe('scores', () => {
  const odd = tinySamples(size).map(({ sequence: { query, inputs, labels } }, i) => {
    const ids = [inputs[0], ...labels];
    const short = i === 1 ? ids.slice(0, 3) : ids; // two tokens
    return rlSample(query, short, { truncated: i < 2 });
  });
  const lengths = odd.map(({ tokens }) => tokens);

  test('are calibrated, clipped, and then penalised for no end and for few tokens', async () => {
    const minResponseTokens = 3;
    const penalties = { missingEosPenalty: 0.5, minResponseTokens, shortResponsePenalty: 0.25 };
    const { learner } = await learnerOf({ calibrate: 4, scoreClip: 1, ...penalties });
    expect(learner.calibrate([1, 3, 5, 7])).toEqual({ n: 4, mean: 4, std: Math.sqrt(20 / 3) });
    const raw = [100, 4, -100, 4, 4, 4, 4, 4];
    const { scores, stats } = await learner.step(odd, raw);
    const short = lengths.map((tokens) => (tokens < minResponseTokens ? 0.25 : 0));
    const expected = [1 - 0.5, 0 - 0.5, -1, 0, 0, 0, 0, 0].map((score, i) => score - short[i]);
    expect(scores).toEqual(expected);
    expect(short[1]).toBe(0.25);
    expect(stats['ppo/mean_scores']).toBeCloseTo(moments(expected).mean, 12);
  });

  test('come with the last token, and the KL with each', async () => {
    const { learner } = await learnerOf();
    await learner.step(samples, scores); // so that the policy is not its reference any more
    const { value } = learner.kl;
    const { rewards, kls, logprobs, refLogprobs } = await learner.step(samples, scores);
    for (const [i, row] of rewards.entries()) {
      const priced = kls[i].map((kl) => -value * kl);
      priced[priced.length - 1] += scores[i];
      expect(row).toEqual(priced);
      expect(kls[i]).toEqual(logprobs[i].map((lp, t) => lp - refLogprobs[i][t]));
    }
    expect(Math.max(...kls.flatMap((row) => [...row]).map(Math.abs))).toBeGreaterThan(1e-3);
  });

  test('come alone where the KL is paid in the loss', async () => {
    const { learner } = await learnerOf({ algorithm: 'grpo', miniBatchSize: size });
    await learner.step(samples, scores); // so that the policy is not its reference any more
    const { rewards, stats } = await learner.step(samples, scores);
    const alone = rewards.map((row, i) => row.map((_, t) => (t < row.length - 1 ? 0 : scores[i])));
    expect(flat(rewards)).toBeAllClose(flat(alone), { atol: 0 }); // 0 and -0 are equal
    const paid = stats['ppo/loss/total'] - stats['ppo/loss/policy'];
    const price = stats['objective/kl_coef'] * stats['objective/kl_k3'];
    expect([paid]).toBeAllClose([price], { rtol: 1e-3, atol: 1e-7 }); // float32 logprobs
    expect(price).toBeGreaterThan(1e-5);
  });
});

test('the full KL is the exact one at each place, and what is paid for', async () => {
  const { learner } = await learnerOf({ klPenalty: 'full' });
  await learner.step(samples, scores); // so that the policy is not its reference any more
  const { sequence } = samples[0];
  const [p, q] = [
    await policy.logits(sequence),
    await policy.logits(sequence, { parameters: reference }),
  ];
  const { kls, rewards, stats } = await learner.step(samples, scores);
  const [T, width] = p.shape;
  const logs = [p, q].map(({ data }) => (t: number) => {
    const row = [...data.slice(t * width, (t + 1) * width)];
    const normaliser = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
    return row.map((x) => x - normaliser);
  });
  const exact = Array.from({ length: T }, (_, t) => {
    const [own, other] = logs.map((log) => log(t));
    return own.reduce((sum, log, v) => sum + Math.exp(log) * (log - other[v]), 0);
  });
  expect(kls[0]).toBeAllClose(exact, { atol: 1e-6 }); // float32 logits
  expect(Math.min(...flat(kls))).toBeGreaterThan(-1e-6);
  expect([rewards[0][0]]).toBeAllClose([-stats['objective/kl_coef'] * exact[0]], { atol: 1e-6 });
  expect(Math.max(...exact)).toBeGreaterThan(1e-4);
});

describe('bootstrapTruncated', () => {
  const truncated = [0, 3];
  const gamma = 0.9;
  const lam = 0.8;
  const cut = (config: RlConfig): RlSample[] =>
    samples.map(({ sequence: { query, inputs, labels } }, i) => {
      const ids = [inputs[0], ...labels];
      const options = { truncated: truncated.includes(i), bootstrap: config.bootstrapTruncated };
      return rlSample(query, truncated.includes(i) ? ids.slice(0, -1) : ids, {
        mask: placesOf(config).mask,
        ...options,
      });
    });
  const stepWith = async (bootstrapTruncated: boolean) => {
    const { learner, config } = await learnerOf({ bootstrapTruncated, gamma, lam });
    return learner.step(cut(config), scores);
  };

  test('adds the value behind a truncated response to what its last token earned', async () => {
    const { rewards, critic } = await stepWith(true);
    await restore();
    for (const i of truncated) {
      const { query, inputs, labels } = samples[i].sequence;
      // up to the last token that was generated; its label would be the next one
      const [{ values }] = await policy.score([{ query, inputs, labels }]);
      const T = labels.length - 1;
      const returns = [...critic!.returns[i]].slice(0, T);
      const expected = new Array<number>(T);
      for (let t = T - 1, next = 0; t >= 0; t--) {
        next = rewards[i][t] + gamma * values[t + 1] - values[t] + gamma * lam * next;
        expected[t] = next + values[t];
      }
      expect(returns).toBeAllClose(expected, { atol: 1e-5 }); // float32, another batch
      expect(Math.abs(values[T])).toBeGreaterThan(0.01);
    }
  });

  test('changes neither the returns of other responses, nor what is scored', async () => {
    const [plain, bootstrapped] = [await stepWith(false), await stepWith(true)];
    const pairs = plain.critic!.returns.map((row, i) => [row, bootstrapped.critic!.returns[i]]);
    for (const [i, [row, other]] of pairs.entries()) {
      if (!truncated.includes(i))
        expect(other, `${i}`).toBeAllClose([...row], { atol: 1e-6 }); // batches of another width
      else expect(Math.abs(other[row.length - 1] - row[row.length - 1])).toBeGreaterThan(0.01);
    }
    for (const i of truncated) {
      expect(bootstrapped.logprobs[i].length).toBe(plain.logprobs[i].length + 1);
      const weighed = bootstrapped.advantages[i].map((x, t) => x * bootstrapped.masks[i][t]);
      expect(weighed.at(-1)).toBeCloseTo(0, 12);
    }
    expect(bootstrapped.klDist).toBeAllClose(plain.klDist, { atol: 1e-5 }); // rounding of logprobs
    const counted = (steps: RlStep) => [
      steps.stats['tokens/responses_len_mean'],
      steps.stats['tokens/responses_len_std'],
    ];
    expect(counted(bootstrapped)).toEqual(counted(plain));
  });
});

describe('what samples and what learns', () => {
  /** Samples that were drawn at other log-probabilities than a scoring gives, by so much a token. */
  const drawnOff = async (gap: number) => {
    await restore();
    const temperature = drawnAt(RlConfig.parse(sizes).generation);
    const own = await policy.score(
      samples.map(({ sequence }) => sequence),
      { temperature },
    );
    return samples.map((sample, i) => ({
      ...sample,
      drawn: own[i].logprobs.map((logprob) => logprob - gap),
    }));
  };
  const adapter = () => flat(Object.values(snapshot(policy)));
  const same = { adapKlCtrl: false, initKlCoef: 0, vfCoef: 0, maxGradNorm: undefined };

  test('are one policy in float32: no gap is made up for, though it is told', async () => {
    const off = await drawnOff(Math.log(1.5));
    const { learner } = await learnerOf(same);
    const { stats } = await learner.step(off, scores);
    const [told, uncorrected] = [stats, adapter()];
    expect(told['sampling/sampling_logp_difference/max']).toBeCloseTo(Math.log(1.5), 4);
    await (await learnerOf(same)).learner.step(samples, scores);
    expect(adapter()).toEqual(uncorrected);
  });

  test('are two roundings below it: the loss of each token is weighed', async () => {
    const lower = new Proxy(policy, {
      get(target, name) {
        const own = Reflect.get(target, name, target);
        if (name === 'precision') return 'bf16';
        return typeof own === 'function' ? own.bind(target) : own;
      },
    });
    const off = await drawnOff(Math.log(1.5));
    const { config } = await learnerOf(same);
    const told = await new RlLearner({ policy: lower, reference, config }).step(off, scores);
    expect(told.stats['sampling/importance_sampling_ratio/mean']).toBeCloseTo(1.5, 4);
    const { learner } = await learnerOf(same);
    const plain = await learner.step(samples, scores);
    // before the first step the policy loss is the mean of -A, and here 1.5 times that
    expect(told.minibatches[0]['loss/policy']).toBeCloseTo(
      1.5 * plain.minibatches[0]['loss/policy'],
      4,
    );
    expect(told.minibatches[0]['policy/advantages_mean']).toBe(
      plain.minibatches[0]['policy/advantages_mean'],
    );
  });
});
