import { ConfigError, NumericError, TactfulError } from '../errors.ts';
import {
  adam,
  addGradients,
  clipGradients,
  gradientNorm,
  type Optimizer,
  scaleGradients,
} from '../model/optimizer.ts';
import type { Parameters } from '../model/parameters.ts';
import type { Policy, TokenScores } from '../model/policy.ts';
import type { Loss } from '../model/policy-graphs.ts';
import { randomStream } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { type Advantages, advantagesOf } from './advantages.ts';
import { type RlConfig, type Semantics, semanticsOf } from './config.ts';
import { fullKl, type KlController, klController, tokenKl } from './kl.ts';
import { ppoLoss } from './loss.ts';
import { maskedCount, maskedSum, type Rows, zipRows } from './masked.ts';
import { numpyRandom } from './numpy.ts';
import type { RlSample } from './sample.ts';
import { prepareScores, startMoments } from './scores.ts';
import { batchStats, type MinibatchStats, meanOf, minibatchStats } from './stats.ts';

/** What one step of PPO did; rows are those of the batch. */
export interface RlStep {
  /** Scalars under TRL's names. */
  readonly stats: Record<string, number>;
  /** One entry a minibatch, in the order of training. */
  readonly minibatches: readonly MinibatchStats[];
  /** Gradient norm before clipping, one an optimizer step. */
  readonly gradNorms: readonly number[];
  readonly logprobs: Rows;
  readonly refLogprobs: Rows;
  readonly kls: Rows;
  readonly advantages: Advantages;
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

/** PPO's memory between steps: optimizer, KL controller, running moments, shuffling. */
export class RlLearner {
  readonly optimizer: Optimizer;
  readonly kl: KlController;
  /** Order of a batch's rows in one epoch; steps and epochs count from 0. */
  shuffle: (step: number, epoch: number) => number[];
  readonly #parts: LearnerParts;
  readonly #semantics: Semantics;
  readonly #loss: Loss;
  readonly #moments = startMoments();
  #steps = 0;
  #clipped = false;

  constructor(parts: LearnerParts) {
    const { config } = parts;
    const { learningRate, adamBetas: betas, adamEps: eps, weightDecay } = config;
    this.#parts = parts;
    this.#semantics = semanticsOf(config);
    this.#loss = ppoLoss(config);
    this.shuffle = shuffler(config, this.#semantics);
    this.optimizer = adam({ learningRate, betas, eps, weightDecay, decoupled: true });
    this.kl = klController(config);
  }

  /** One PPO step: score, reward, estimate advantages, update. One score a sample. */
  async step(
    samples: readonly RlSample[],
    rawScores: readonly number[],
    learningRate = this.#parts.config.learningRate,
  ): Promise<RlStep> {
    const { config, policy } = this.#parts;
    checkBatch(samples, rawScores, config);
    const clock = stopwatch();
    const scores = prepareScores(rawScores, config, this.#moments);
    const masks = samples.map(({ mask }) => mask);
    const old = await policy.score(
      samples.map(({ sequence }) => sequence),
      this.#temperature,
    );
    const { refLogprobs, kls } = await this.#reference(samples, old);
    const logprobs = old.map((row) => row.logprobs);
    const klDist = kls.map((row, i) => maskedSum([row], [masks[i]]));
    if (this.#semantics.checksStart && this.#steps === 0) checkStart(klDist);
    clock.lap('time/ppo/forward_pass');

    const klCoef = this.kl.value;
    const nonScoreRewards = kls.map((row) => row.map((kl) => -klCoef * kl));
    const rewards = nonScoreRewards.map((row, i) => withScore(row, masks[i], scores[i]));
    clock.lap('time/ppo/compute_rewards');
    const advantages = advantagesOf(
      rewards,
      old.map((row) => row.values),
      masks,
      config,
      this.#semantics,
    );
    clock.lap('time/ppo/compute_advantages');

    const update = await this.#update({ samples, masks, logprobs, advantages, learningRate });
    clock.lap('time/ppo/optimize_step');
    const stats: Record<string, number> = {
      ...batchStats({
        samples,
        scores,
        masks,
        logprobs,
        refLogprobs,
        klDist,
        nonScoreRewards,
        klCoef,
      }),
      ...meanOf(update.minibatches),
      'ppo/learning_rate': learningRate,
    };
    stats['ppo/val/var_explained'] = 1 - stats['ppo/val/error'] / stats['ppo/returns/var'];
    this.kl.update(stats['objective/kl'], samples.length);
    this.#steps++;
    clock.lap('time/ppo/calc_stats');
    return {
      stats: { ...stats, ...clock.times() },
      ...update,
      logprobs,
      refLogprobs,
      kls,
      advantages,
      klDist,
    };
  }

  /** The policy scores at the temperature that it samples at; TRL's scores at 1. */
  get #temperature(): { temperature: number } {
    const { compat, generation } = this.#parts.config;
    return { temperature: compat === 'none' && generation.sample ? generation.temperature : 1 };
  }

  async #reference(samples: readonly RlSample[], old: readonly TokenScores[]) {
    const { policy, reference, config } = this.#parts;
    const options = { ...this.#temperature, parameters: reference };
    const sequences = samples.map(({ sequence }) => sequence);
    const scores = await policy.score(sequences, options);
    const refLogprobs = scores.map((row) => row.logprobs);
    if (config.klPenalty !== 'full') {
      const penalty = config.klPenalty;
      const logprobs = old.map((row) => row.logprobs);
      const kls = zipRows(logprobs, refLogprobs, (lp, ref) => tokenKl(penalty, lp, ref));
      return { refLogprobs, kls };
    }
    const kls: Float32Array[] = [];
    for (const sequence of sequences) {
      const own = await policy.logits(sequence, this.#temperature);
      kls.push(fullKl(own, await policy.logits(sequence, options)));
    }
    return { refLogprobs, kls };
  }

  /** Epochs of minibatches over one batch. */
  async #update(batch: Batch) {
    const { config } = this.#parts;
    const minibatches: MinibatchStats[] = [];
    const gradNorms: number[] = [];
    const group = config.miniBatchSize * config.gradientAccumulationSteps;
    epochs: for (let epoch = 0; epoch < config.ppoEpochs; epoch++) {
      const order = this.shuffle(this.#steps, epoch);
      for (let start = 0; start < order.length; start += group) {
        const parts = chunks(order.slice(start, start + group), config.miniBatchSize);
        const { stats, gradients, verdict } = await this.#gradients(parts, batch);
        minibatches.push(...stats);
        if (verdict === 'stop') break epochs;
        if (verdict === 'skip') continue;
        gradNorms.push(this.#clip(gradients));
        this.optimizer.step(this.#parts.policy.parameters.tensors, gradients, batch.learningRate);
        await this.#parts.policy.parameters.commit();
      }
      const moved = minibatches[minibatches.length - 1]['policy/policykl'] > 1.5 * config.targetKl;
      if (config.earlyStopping && !this.#semantics.stopsBeforeStep && moved) break;
    }
    return { minibatches, gradNorms };
  }

  /** Mean gradient of the minibatches of one optimizer step. */
  async #gradients(parts: readonly number[][], batch: Batch) {
    const { config } = this.#parts;
    const { skipsWholeStep, stopsBeforeStep } = this.#semantics;
    let sum: Map<string, Tensor<'float32'>> | undefined;
    let verdict: 'go' | 'skip' | 'stop' = 'go';
    const stats: MinibatchStats[] = [];
    for (const rows of parts) {
      const { minibatch, gradients } = await this.#minibatch(rows, batch);
      const tooFar = minibatch.avgRatio > config.ratioThreshold;
      if (tooFar) scaleGradients(gradients, 0);
      if (config.earlyStopping && stopsBeforeStep && minibatch.k3 > 1.5 * config.targetKl) {
        verdict = 'stop';
      } else if (tooFar && skipsWholeStep && verdict === 'go') verdict = 'skip';
      stats.push(
        tooFar ? { ...minibatch, 'loss/policy': 0, 'loss/value': 0, 'loss/total': 0 } : minibatch,
      );
      scaleGradients(gradients, 1 / parts.length);
      sum = addGradients(sum, gradients);
    }
    return { stats, gradients: sum!, verdict };
  }

  async #minibatch(rows: readonly number[], { samples, masks, logprobs, advantages }: Batch) {
    const { policy, config } = this.#parts;
    const pick = (all: Rows) => rows.map((i) => all[i]);
    const mask = pick(masks);
    const count = maskedCount(mask);
    const inputs = {
      oldLogprobs: pick(logprobs),
      oldValues: pick(advantages.values),
      advantages: pick(advantages.whitened),
      returns: pick(advantages.returns),
      weights: mask.map((row) => row.map((x) => x / count)),
    };
    const sequences = rows.map((i) => samples[i].sequence);
    const result = await policy.gradient(this.#loss, sequences, inputs, this.#temperature);
    if (!Number.isFinite(result.loss)) {
      const remedy = 'Lower the learning rate; the parameters are those before this step.';
      throw new NumericError(
        `PPO step ${this.#steps + 1}`,
        'a finite loss',
        `${result.loss}`,
        remedy,
      );
    }
    const minibatch = minibatchStats({ ...inputs, masks: mask, scores: result.scores }, config);
    const untouched = this.optimizer.state.steps === 0;
    if (this.#semantics.checksStart && untouched) checkRatio(minibatch.avgRatio);
    return { minibatch, gradients: result.gradients };
  }

  #clip(gradients: Map<string, Tensor<'float32'>>): number {
    const { maxGradNorm } = this.#parts.config;
    const clips = maxGradNorm !== undefined && (this.#semantics.clipsEveryStep || !this.#clipped);
    this.#clipped = true;
    const norm = clips ? clipGradients(gradients, maxGradNorm) : gradientNorm(gradients);
    if (!Number.isFinite(norm)) {
      throw new NumericError(`PPO step ${this.#steps + 1}`, 'finite gradients', `norm ${norm}`);
    }
    return norm;
  }
}

interface Batch {
  readonly samples: readonly RlSample[];
  readonly masks: Rows;
  readonly logprobs: Rows;
  readonly advantages: Advantages;
  readonly learningRate: number;
}

function shuffler({ seed, batchSize }: RlConfig, { ownShuffle }: Semantics) {
  const numpy = numpyRandom(seed);
  const all = Array.from({ length: batchSize }, (_, i) => i);
  return (step: number, epoch: number) =>
    ownShuffle
      ? randomStream(seed, ['minibatches', step, epoch]).shuffle(all)
      : numpy.permutation(batchSize);
}

/** The score comes with the last token that counts. */
function withScore(row: Float32Array, mask: Float32Array, score: number): Float32Array {
  const rewards = row.slice();
  rewards[mask.lastIndexOf(1)] += score;
  return rewards;
}

function checkBatch(
  samples: readonly RlSample[],
  scores: readonly number[],
  { batchSize }: RlConfig,
): void {
  if (samples.length !== batchSize || scores.length !== batchSize) {
    const actual = `${samples.length} samples and ${scores.length} scores`;
    throw new ConfigError('PPO step', `batchSize = ${batchSize} samples and scores`, actual);
  }
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0)
    throw new NumericError(`score of sample ${bad}`, 'a finite number', `${scores[bad]}`);
}

/** Before the first update policy and reference are the same, so their KL can only be rounding. */
function checkStart(klDist: readonly number[]): void {
  const kl = klDist.reduce((sum, x) => sum + Math.abs(x), 0) / klDist.length;
  if (kl < 1e-3) return;
  const problem = `invariant: expected KL < 1e-3 before the first update, got ${kl}.`;
  throw new TactfulError('INVARIANT', `${problem} The reference is not the starting policy.`);
}

/** And the graph that learns must agree with the one that scored the rollouts. */
function checkRatio(ratio: number): void {
  if (Math.abs(ratio - 1) < 1e-3) return;
  const problem = `invariant: expected ratio 1 before the first update, got ${ratio}.`;
  throw new TactfulError('INVARIANT', `${problem} The policy scores one response in two ways.`);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}

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
