import { ConfigError } from '../errors.ts';
import { adam, type Optimizer } from '../model/optimizer.ts';
import { copiesOf, type Parameters } from '../model/parameters.ts';
import type { Policy } from '../model/policy.ts';
import type { Loss } from '../model/policy-graphs.ts';
import { isValueHead } from '../nn/value-head.ts';
import type { Tensors } from '../tensor.ts';
import type { Advantages, Experience } from './algorithm.ts';
import { algorithms } from './algorithms.ts';
import { type StepArrays, stepArrays } from './arrays.ts';
import type { RlConfig } from './config.ts';
import type { Draws } from './draws.ts';
import { forward } from './forward.ts';
import { checkBatch, checkRows, checkStart } from './invariants.ts';
import { type KlController, klController } from './kl.ts';
import {
  type LearnerState,
  olderIn,
  olderTensors,
  restoreTensors,
  stateTensors,
} from './learner-state.ts';
import { policyLoss } from './loss.ts';
import { maskedSum } from './masked.ts';
import type { Places } from './places.ts';
import { tokenRewards } from './rewards.ts';
import type { RlSample } from './sample.ts';
import { samplingGap } from './sampling-gap.ts';
import { type Calibration, calibrationOf, prepareScores, startMoments } from './scores.ts';
import { stepStats } from './stats.ts';
import { stopwatch } from './stopwatch.ts';
import { placesOf } from './trl/places.ts';
import { type Update, type UpdateBatch, update } from './update.ts';

/** What one step did; rows are those of the batch. */
export interface RlStep extends Update, Experience, Advantages {
  /** Scalars under the names of metrics.ts; `nestMetrics` gives them typed. */
  readonly stats: Record<string, number>;
  /** Arrays under the names of metrics.ts; made when asked for. */
  readonly arrays: StepArrays;
  /** Sum of the KL over each response. */
  readonly klDist: readonly number[];
}

/** What a learner works on. */
export interface LearnerParts {
  readonly policy: Policy;
  /** Parameters that the KL is measured against. */
  readonly reference: Parameters;
  readonly config: RlConfig;
}

/** Learns from scored responses, and remembers what has to be remembered between steps. */
export class RlLearner {
  readonly optimizer: Optimizer;
  /** Random choices; a resumed learner goes on in them. */
  draws: Draws;
  kl: KlController;
  readonly #parts: LearnerParts;
  /** Where the run goes other ways than the plain one. */
  readonly places: Places;
  readonly #loss: Loss;
  readonly #moments = startMoments();
  #calibration: Calibration | undefined;
  /** Parameters before the last steps, the newest first: as many as `staleness` asks for. */
  #older: readonly Tensors[] = [];
  #steps = 0;
  #updates = 0;
  /** Where `draws` stood after the last whole step, or after the reference samples. */
  #drawn = 0;

  /** @throws {ConfigError} when the algorithm needs a critic and the policy has none */
  constructor(parts: LearnerParts) {
    const { config } = parts;
    checkCritic(parts);
    const { learningRate, adamBetas: betas, adamEps: eps, weightDecay } = config;
    this.#parts = parts;
    this.places = placesOf(config);
    this.#loss = policyLoss(config);
    this.draws = this.places.draws(config, 0);
    this.optimizer = adam({ learningRate, betas, eps, weightDecay, decoupled: true });
    this.kl = klController(config);
  }

  /** Steps done. */
  get steps(): number {
    return this.#steps;
  }

  /** Parameters as they were before so many of the last steps, or the oldest that are kept. */
  before(steps: number): Tensors {
    const place = Math.min(steps, this.#older.length) - 1;
    return place < 0 ? this.#parts.policy.parameters.tensors : this.#older[place];
  }

  /** What scores are measured by, once reference samples have been scored. */
  get calibration(): Calibration | undefined {
    return this.#calibration;
  }

  /** Fixes the scale of all scores to come by those of the reference's own responses. */
  calibrate(scores: readonly number[]): Calibration {
    this.#calibration = calibrationOf(scores);
    this.#drawn = this.draws.position;
    return this.#calibration;
  }

  /**
   * One step: price the KL, estimate advantages, update. One score a sample.
   * @throws {NumericError} naming the first thing that is not finite
   */
  async step(
    samples: readonly RlSample[],
    rawScores: readonly number[],
    learningRate = this.#parts.config.learningRate,
  ): Promise<RlStep> {
    const { config, policy } = this.#parts;
    const place = { step: this.#steps + 1, samples };
    const klCoef = this.kl.value;
    checkBatch(rawScores, place, config);
    const clock = stopwatch();

    const scale = { moments: this.#moments, calibration: this.#calibration };
    const scores = prepareScores(rawScores, samples, config, scale);
    const masks = samples.map(({ mask }) => mask);
    const passes = await forward(samples, { ...this.#parts, temperature: this.#temperature });
    for (const [name, rows] of Object.entries(passes)) checkRows(name, rows, place);
    const klDist = passes.kls.map((row, i) => maskedSum([row], [masks[i]]));
    if (this.#checksStart && this.#steps === 0) checkStart(klDist);
    const isSame = policy.precision === 'f32' && config.staleness === 0;
    const correction = config.samplingCorrection ?? (isSame ? 'none' : 'token');
    const gap = samplingGap(samples, passes.logprobs, { correction, cap: config.samplingCap });
    clock.lap('time/ppo/forward_pass');

    const price = config.klPlacement === 'reward' ? klCoef : 0;
    const priced = tokenRewards({ ...passes, masks, scores }, price);
    checkRows('rewards', priced.rewards, place); // whitening would spread it to other samples
    clock.lap('time/ppo/compute_rewards');

    const experience = { samples, masks, scores, ...passes, klDist, ...priced };
    const { estimate } = algorithms[config.algorithm];
    const estimates = this.places.estimate(estimate)(experience, config);
    checkRows('advantages', estimates.advantages, place);
    clock.lap('time/ppo/compute_advantages');

    const weighed = { ...experience, ...estimates, samplingWeights: gap.weights };
    const { staleness } = config;
    const older = staleness > 0 ? [copiesOf(policy.parameters.tensors), ...this.#older] : [];
    const done = await this.#update(weighed, learningRate);
    this.#older = older.slice(0, staleness);
    clock.lap('time/ppo/optimize_step');

    const stats = stepStats({ ...experience, klCoef }, done.minibatches, learningRate);
    this.kl.update(stats['objective/kl'], samples.length);
    this.#steps++;
    this.#drawn = this.draws.position;
    clock.lap('time/ppo/calc_stats');

    const times = clock.times('time/ppo/total');
    const result = {
      stats: { ...stats, ...gap.stats, ...times },
      ...done,
      ...experience,
      ...estimates,
    };
    return {
      ...result,
      get arrays() {
        return stepArrays(result);
      },
    };
  }

  /** A copy of all that has to be kept for going on from here. */
  save(): LearnerState {
    const { state } = this.optimizer;
    const calibration = this.#calibration;
    return {
      steps: this.#steps,
      memory: {
        updates: this.#updates,
        adamSteps: Object.fromEntries(state.steps),
        klCoef: this.kl.value,
        moments: { ...this.#moments },
        ...(calibration && { calibration }),
        drawn: this.#drawn,
      },
      tensors: new Map([
        ...stateTensors(this.#parts.policy.parameters.tensors, state),
        ...olderTensors(this.#older),
      ]),
    };
  }

  /** Goes back to a saved state: what follows is what followed there, to the last bit. */
  async restore(state: LearnerState): Promise<void> {
    const { config, policy } = this.#parts;
    const { memory } = state;
    restoreTensors(state, policy.parameters.tensors, this.optimizer.state);
    this.#older = olderIn(state).slice(0, config.staleness);
    this.#steps = state.steps;
    this.#updates = memory.updates;
    this.#calibration = memory.calibration;
    Object.assign(this.#moments, memory.moments);
    this.kl = klController(config, memory.klCoef);
    this.#drawn = memory.drawn;
    this.draws = this.places.draws(config, memory.drawn);
    await policy.parameters.commit();
  }

  async #update(batch: UpdateBatch, learningRate: number): Promise<Update> {
    const { policy, config } = this.#parts;
    const ofCritic = (config.valueLearningRate ?? config.learningRate) / config.learningRate;
    const step = this.#steps;
    const done = await update(batch, {
      policy,
      config,
      optimizer: this.optimizer,
      loss: this.#loss,
      places: this.places,
      temperature: this.#temperature,
      step: step + 1,
      updates: this.#updates,
      klCoef: this.kl.value,
      checksStart: this.#checksStart,
      learningRate: (name) => (isValueHead(name) ? ofCritic * learningRate : learningRate),
      learns: (name) => step >= config.criticWarmup || isValueHead(name),
      shuffle: (epoch) => this.draws.shuffle(step, epoch),
    });
    this.#updates += done.gradNorms.length;
    return done;
  }

  /** At which policy and reference score. */
  get #temperature(): number {
    return this.places.temperature(this.#parts.config.generation);
  }

  /** Whether policy and reference have to be the same before the first update. */
  get #checksStart(): boolean {
    return this.places.checksStart && this.#parts.config.reference === 'initialPolicy';
  }
}

function checkCritic({ policy, config: { algorithm, valueHead } }: LearnerParts): void {
  if (valueHead === 'none' || policy.shape.valueHead) return;
  const expected = `a policy with a value head for algorithm ${algorithm}`;
  throw new ConfigError('learner', expected, 'none', 'Load it with valueHead zero.');
}
