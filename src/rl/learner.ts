import { ConfigError, NumericError } from '../errors.ts';
import { adam, type Optimizer } from '../model/optimizer.ts';
import type { Parameters } from '../model/parameters.ts';
import type { Policy } from '../model/policy.ts';
import type { Loss } from '../model/policy-graphs.ts';
import { isValueHead } from '../nn/value-head.ts';
import type { Advantages, Algorithm, Experience } from './algorithm.ts';
import { type StepArrays, stepArrays } from './arrays.ts';
import type { RlConfig } from './config.ts';
import { type Draws, drawsOf } from './draws.ts';
import { forward } from './forward.ts';
import { grpo } from './grpo.ts';
import { checkRows, checkStart, idsOf } from './invariants.ts';
import { type KlController, klController } from './kl.ts';
import { type LearnerState, restoreTensors, stateTensors } from './learner-state.ts';
import { policyLoss } from './loss.ts';
import { maskedSum } from './masked.ts';
import { ppo } from './ppo.ts';
import { rloo } from './rloo.ts';
import type { RlSample } from './sample.ts';
import { type Calibration, calibrationOf, prepareScores, startMoments } from './scores.ts';
import { batchStats, meanOf } from './stats.ts';
import { type Semantics, semanticsOf, temperatureOf } from './trl/corrections.ts';
import { type Update, update } from './update.ts';

const algorithms: Readonly<Record<RlConfig['algorithm'], Algorithm>> = { ppo, rloo, grpo };

/** What one step did; rows are those of the batch. */
export interface RlStep extends Update, Experience, Advantages {
  /** Scalars under TRL's names; `nestMetrics` gives them typed. */
  readonly stats: Record<string, number>;
  /** What TRL returns as arrays, under its names; made when asked for. */
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
  readonly #semantics: Semantics;
  readonly #loss: Loss;
  readonly #temperature: number;
  readonly #moments = startMoments();
  #calibration: Calibration | undefined;
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
    this.#semantics = semanticsOf(config);
    this.#loss = policyLoss(config);
    this.#temperature = temperatureOf(config.generation, this.#semantics);
    this.draws = drawsOf(config, this.#semantics);
    this.optimizer = adam({ learningRate, betas, eps, weightDecay, decoupled: true });
    this.kl = klController(config);
  }

  /** Steps done. */
  get steps(): number {
    return this.#steps;
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
    const { config } = this.#parts;
    checkBatch(samples, rawScores, config, this.#steps + 1);
    const clock = stopwatch();
    const experience = await this.#experience(samples, rawScores, clock);
    const estimates = algorithms[config.algorithm].estimate(experience, config, this.#semantics);
    checkRows('advantages', estimates.advantages, { step: this.#steps + 1, samples });
    clock.lap('time/ppo/compute_advantages');
    const klCoef = this.kl.value;
    const done = await this.#update({ ...experience, ...estimates }, learningRate);
    clock.lap('time/ppo/optimize_step');
    const stats: Record<string, number> = {
      ...batchStats({ ...experience, klCoef }),
      ...meanOf(done.minibatches),
      'ppo/learning_rate': learningRate,
    };
    if (stats['ppo/returns/var'] > 0) {
      stats['ppo/val/var_explained'] = 1 - stats['ppo/val/error'] / stats['ppo/returns/var'];
    }
    this.kl.update(stats['objective/kl'], samples.length);
    this.#steps++;
    this.#drawn = this.draws.position;
    clock.lap('time/ppo/calc_stats');
    const result = { stats: { ...stats, ...clock.times() }, ...done, ...experience, ...estimates };
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
      tensors: stateTensors(this.#parts.policy.parameters.tensors, state),
    };
  }

  /** Goes back to a saved state: what follows is what followed there, to the last bit. */
  async restore(state: LearnerState): Promise<void> {
    const { config, policy } = this.#parts;
    const { memory } = state;
    restoreTensors(state, policy.parameters.tensors, this.optimizer.state);
    this.#steps = state.steps;
    this.#updates = memory.updates;
    this.#calibration = memory.calibration;
    Object.assign(this.#moments, memory.moments);
    this.kl = klController(config, memory.klCoef);
    this.#drawn = memory.drawn;
    this.draws = drawsOf(config, this.#semantics, memory.drawn);
    await policy.parameters.commit();
  }

  /** Everything about the batch that is known before the update. */
  async #experience(samples: readonly RlSample[], rawScores: readonly number[], clock: Stopwatch) {
    const { config } = this.#parts;
    const memory = { moments: this.#moments, calibration: this.#calibration };
    const scores = prepareScores(rawScores, samples, config, memory);
    const masks = samples.map(({ mask }) => mask);
    const options = { ...this.#parts, klPenalty: config.klPenalty, temperature: this.#temperature };
    const passes = await forward(samples, options);
    const place = { step: this.#steps + 1, samples };
    for (const [name, rows] of Object.entries(passes)) checkRows(name, rows, place);
    const klDist = passes.kls.map((row, i) => maskedSum([row], [masks[i]]));
    if (this.#checksStart && this.#steps === 0) checkStart(klDist, this.#parts.policy.precision);
    clock.lap('time/ppo/forward_pass');
    const price = config.klPlacement === 'reward' ? this.kl.value : 0;
    const nonScoreRewards = passes.kls.map((row) => row.map((kl) => -price * kl));
    const rewards = nonScoreRewards.map((row, i) => withScore(row, masks[i], scores[i]));
    checkRows('rewards', rewards, place); // whitening would spread it to other samples
    clock.lap('time/ppo/compute_rewards');
    return { samples, masks, scores, ...passes, klDist, nonScoreRewards, rewards };
  }

  async #update(batch: Experience & Advantages, learningRate: number): Promise<Update> {
    const { policy, config } = this.#parts;
    const ofCritic = (config.valueLearningRate ?? config.learningRate) / config.learningRate;
    const step = this.#steps;
    const done = await update(batch, {
      policy,
      config,
      optimizer: this.optimizer,
      loss: this.#loss,
      semantics: this.#semantics,
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

  /** Whether policy and reference have to be the same before the first update. */
  get #checksStart(): boolean {
    const { compat, reference } = this.#parts.config;
    return compat === 'none' && reference === 'initialPolicy';
  }
}

/** The score comes with the last token that counts. */
function withScore(row: Float32Array, mask: Float32Array, score: number): Float32Array {
  const rewards = row.slice();
  rewards[mask.lastIndexOf(1)] += score;
  return rewards;
}

function checkCritic({ policy, config: { algorithm, valueHead } }: LearnerParts): void {
  if (valueHead === 'none' || policy.shape.valueHead) return;
  const expected = `a policy with a value head for algorithm ${algorithm}`;
  throw new ConfigError('learner', expected, 'none', 'Load it with valueHead zero.');
}

function checkBatch(
  samples: readonly RlSample[],
  scores: readonly number[],
  { batchSize }: RlConfig,
  step: number,
): void {
  if (samples.length !== batchSize || scores.length !== batchSize) {
    const actual = `${samples.length} samples and ${scores.length} scores`;
    throw new ConfigError('step', `batchSize = ${batchSize} samples and scores`, actual);
  }
  const sample = scores.findIndex((score) => !Number.isFinite(score));
  if (sample < 0) return;
  const details = { tensor: 'scores', step, sample, ...idsOf(samples[sample]) };
  const where = `step ${step}: score of sample ${sample}`;
  throw new NumericError(where, 'a finite number', `${scores[sample]}`, '', details);
}

type Stopwatch = ReturnType<typeof stopwatch>;

/** Seconds between laps, by name. */
function stopwatch() {
  const start = performance.now();
  const laps: Record<string, number> = {};
  let last = start;
  return {
    lap(name: string) {
      const now = performance.now();
      laps[name] = (now - last) / 1000;
      last = now;
    },
    times: () => ({ ...laps, 'time/ppo/total': (last - start) / 1000 }),
  };
}
