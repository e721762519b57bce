/** Rollouts of a policy of before: whose they are, what is learnt from them, and that a stop leaves nothing. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent, StepMetrics } from '../../src/events.ts';
import { loadTokenizer, type Tokenizer } from '../../src/family/tokenizer.ts';
import type { Policy } from '../../src/model/policy.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { sampleOf } from '../../src/rl/forward.ts';
import { RlLearner } from '../../src/rl/learner.ts';
import { LearnerNumbers, type LearnerState } from '../../src/rl/learner-state.ts';
import type { Reward } from '../../src/rl/reward.ts';
import { collectRollouts, type Query, type Rollout } from '../../src/rl/rollout.ts';
import { trainRl } from '../../src/rl/trainer.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { float32, type Tensors } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { withLanes } from '../lanes.ts';
import { randomRows } from '../model/tiny.ts';
import { restorer, snapshot } from './golden-policy.ts';
import { type TinyPolicy, tinyPolicy } from './tiny-policy.ts';

let engine: Engine;
let tokenizer: Tokenizer;
/** On the engine, and on one that samples elsewhere, two runs at a time. */
const places: Record<string, { readonly tiny: TinyPolicy; readonly restore: () => Promise<void> }> =
  {};
let open = 0;
let begun: string[] = [];
beforeAll(async () => {
  engine = await testEngine();
  tokenizer = await loadTokenizer(goldenPath('tokenizers', 't5'));
  const { engine: laned } = withLanes(engine, 2);
  const counting: Engine = {
    ...laned,
    async state(tensors) {
      const state = await laned.state(tensors);
      open++;
      const close = async () => {
        open--;
        await state.close();
      };
      return { ...state, close };
    },
    async call(routine, args, refs, signal) {
      begun.push(String((args as { draw: { key: unknown[] } }).draw.key));
      return laned.call!(routine, args, refs, signal);
    },
  };
  for (const [name, on] of Object.entries({ here: engine, elsewhere: counting })) {
    const tiny = await tinyPolicy(on);
    places[name] = { tiny, restore: restorer(tiny.policy) };
  }
});
afterAll(async () => {
  for (const { tiny } of Object.values(places)) await tiny.close();
  await engine.close();
});

const size = 8;
const queries: Query[] = randomRows(size).map((ids, i) => ({
  id: `${i}`,
  text: `query ${i}`,
  ids,
}));
/** Of shorter responses, which differ from one step to the next. */
const lengthReward: Reward = async (rollouts) => rollouts.map(({ response }) => -response.length);

const settings = {
  ...{ steps: 5, batchSize: size, miniBatchSize: 4, ppoEpochs: 2, calibrate: 0 },
  ...{ learningRate: 3e-2, generation: { maxNewTokens: 8 } },
};

interface Start {
  readonly place?: 'here' | 'elsewhere';
  readonly state?: LearnerState | undefined;
  readonly signal?: AbortSignal;
  /** Ends the reading where it says so. */
  readonly see?: (event: RunEvent, learner: RlLearner) => unknown;
}

/** A training from the start, or from a state: all that came of it. */
async function train(
  options: Partial<RlConfig>,
  { place = 'here', state, signal, see }: Start = {},
) {
  const { tiny, restore } = places[place];
  const { policy } = tiny;
  const config = RlConfig.parse({ ...settings, ...options });
  await restore();
  const reference = await policy.parameters.copy();
  const learner = new RlLearner({ policy, reference, config });
  if (state) await learner.restore(state);
  const batches: (readonly Rollout[])[] = [];
  const adapters = [snapshot(policy)];
  const metrics: StepMetrics[] = [];
  const told: string[] = [];
  const reward: Reward = (rollouts, ending) => {
    batches.push(rollouts);
    return lengthReward(rollouts, ending);
  };
  const perStep = queries.slice(0, size / config.numGenerations);
  const source = (first: number) => Array<Query[]>(config.steps - first).fill(perStep);
  const parts = { policy, tokenizer, learner, reward, batches: source };
  for await (const event of trainRl(parts, config, signal)) {
    told.push(event.type);
    if (event.type === 'step') {
      adapters.push(snapshot(policy));
      const steady = Object.entries(event.metrics).filter(([name]) => !name.startsWith('time/'));
      metrics.push(Object.fromEntries(steady));
    }
    if (see?.(event, learner) === 'end') break;
  }
  await reference.close();
  return { batches, adapters, metrics, told, end: snapshot(policy), state: learner.save() };
}

/** A state as a file brings it back. */
function stored({ steps, memory, tensors }: LearnerState): LearnerState {
  const read = [...tensors].map(
    ([name, { data, shape }]) => [name, float32(Float32Array.from(data), shape)] as const,
  );
  return {
    steps,
    memory: LearnerNumbers.parse(JSON.parse(JSON.stringify(memory))),
    tensors: new Map(read),
  };
}

/** The same training by hand: every adapter is kept, and the right one is looked up. */
async function byHand(options: Partial<RlConfig>, staleness: number) {
  const { tiny, restore } = places.here;
  const { policy } = tiny;
  const config = RlConfig.parse({ ...settings, ...options, staleness });
  await restore();
  const reference = await policy.parameters.copy();
  const learner = new RlLearner({ policy, reference, config });
  const adapters: Tensors[] = [];
  const batches: Rollout[][] = [];
  for (let step = 0; step < config.steps; step++) {
    adapters.push((await policy.parameters.copy()).tensors);
    const parameters = await policy.parameters.copy(adapters[Math.max(0, step - staleness)]);
    const repeated = queries
      .slice(0, size / config.numGenerations)
      .flatMap((query) => Array<Query>(config.numGenerations).fill(query));
    const rollouts = await collectRollouts({ policy, tokenizer }, repeated, {
      generation: config.generation,
      draw: { seed: config.seed, key: ['rollout', step] },
      parameters,
    });
    await parameters.close();
    batches.push(rollouts);
    const samples = rollouts.map((each) => sampleOf(each, policy, learner.places, config));
    await learner.step(
      samples,
      rollouts.map(({ response }) => -response.length),
    );
  }
  await reference.close();
  return { batches, end: snapshot(policy) };
}

const responses = (batches: readonly (readonly Rollout[])[]) =>
  batches.map((rollouts) => rollouts.map(({ response }) => response));
const gapOf = (metrics: StepMetrics) => metrics['sampling/sampling_logp_difference/mean'];
const algorithms = {
  ppo: {},
  grpo: { algorithm: 'grpo', numGenerations: 4 },
  'rloo with weights of whole responses': {
    ...{ algorithm: 'rloo', numGenerations: 4, samplingCorrection: 'sequence' },
  },
} as Record<string, Partial<RlConfig>>;

describe.each([1, 2])('a staleness of %i', (staleness) => {
  test.each(Object.entries(algorithms))(
    'is the policy of so many steps before: %s',
    async (_, own) => {
      const byItself = await byHand(own, staleness);
      const fresh = await train(own);
      for (const place of ['here', 'elsewhere'] as const) {
        const trained = await train({ ...own, staleness }, { place });
        expect(responses(trained.batches)).toEqual(responses(byItself.batches));
        expect(trained.end).toEqual(byItself.end);
        expect(trained.end).not.toEqual(fresh.end);
      }
    },
  );

  test('has no gap in the first step, and weights for what there is later', async () => {
    const { metrics } = await train({ staleness });
    expect(gapOf(metrics[0])).toBeLessThan(1e-5); // two graphs in float32
    expect(metrics[0]['sampling/importance_sampling_ratio/mean']).toBeCloseTo(1, 5);
    for (const later of metrics.slice(1)) expect(gapOf(later)).toBeGreaterThan(1e-3);
    const unweighted = await train({ staleness, samplingCorrection: 'none' });
    expect(unweighted.end).not.toEqual((await train({ staleness })).end);
  });

  test.each(['here', 'elsewhere'] as const)(
    'goes on after a stop as if there was none: %s',
    async (place) => {
      for (const after of [1, 2, 3]) {
        let state: LearnerState | undefined;
        const whole = await train(
          { staleness },
          {
            place,
            see: (event, learner) => {
              if (event.type === 'step' && event.step === after) state = stored(learner.save());
            },
          },
        );
        const older = [...state!.tensors.keys()].filter((name) => name.startsWith('older.'));
        const kept = new Set(older.map((name) => name.split('.')[1]));
        expect(kept.size).toBe(Math.min(after, staleness));
        const rest = await train({ staleness }, { place, state });
        expect(rest.metrics).toEqual(whole.metrics.slice(after));
        expect(rest.end).toEqual(whole.end);
        expect(rest.state).toEqual(whole.state);
      }
    },
  );

  test('is on its way elsewhere while earlier steps are learnt from', async () => {
    begun = [];
    const seen: string[][] = [];
    await train(
      { staleness },
      {
        place: 'elsewhere',
        see: () => void seen.push([...new Set(begun)]),
      },
    );
    // after the first step all up to `staleness` steps later were begun, and so on
    expect(seen.map((keys) => keys.length)).toEqual(
      [1, 2, 3, 4, 5].map((step) => Math.min(step + staleness, 5)),
    );
  });
});

test('without staleness nothing is begun before its time, and no older adapter is kept', async () => {
  begun = [];
  const seen: number[] = [];
  const { state, metrics } = await train(
    {},
    {
      place: 'elsewhere',
      see: () => void seen.push(new Set(begun).size),
    },
  );
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  expect([...state.tensors.keys()].filter((name) => name.startsWith('older.'))).toEqual([]);
  expect(gapOf(metrics[4])).toBeUndefined();
});

describe('what is on its way when a training ends', () => {
  test('is over, and gone from the engine, when nobody reads on', async () => {
    const before = open;
    const { told } = await train({ staleness: 2 }, { place: 'elsewhere', see: () => 'end' });
    expect(told).toEqual(['step']);
    expect(open).toBe(before);
  });

  test('is over, and gone from the engine, after Ctrl-C', async () => {
    const before = open;
    const controller = new AbortController();
    const { told } = await train(
      { staleness: 2 },
      {
        place: 'elsewhere',
        signal: controller.signal,
        see: (event) => {
          if (event.type === 'step' && event.step === 2) controller.abort();
        },
      },
    );
    expect(told).toEqual(['step', 'step', 'stopped']);
    expect(open).toBe(before);
  });

  test('is over, and gone from the engine, after an error', async () => {
    const before = open;
    const { policy } = places.elsewhere.tiny as { policy: Policy };
    const failing = train(
      { staleness: 2 },
      {
        place: 'elsewhere',
        see: (event) => {
          if (event.type !== 'step' || event.step !== 2) return;
          for (const { data } of policy.parameters.tensors.values()) data.fill(Number.NaN);
          void policy.parameters.commit();
        },
      },
    );
    await expect(failing).rejects.toThrow('step 3');
    expect(open - before).toBe(1); // the reference of this test
  });
});

test.each([
  [{ rescore: false }, 'rescore'],
  [{ compat: 'trl-0.8.0' }, 'staleness'],
  ...['keepsDecoderStart', 'scoresAtTemperature', 'samplesWithoutDropout', 'shufflesByKey'].map(
    (name) => [{ without: [name] }, 'staleness'] as const,
  ),
] as const)('staleness does not go with %j', (other, path) => {
  const { error } = RlConfig.safeParse({ ...other, staleness: 1 });
  expect(error?.issues.map((issue) => issue.path[0])).toEqual([path]);
});
