import type { Dropout } from '../model/dropout.ts';
import type { PolicyShape } from '../model/policy-shape.ts';
import { drawnAt, type GenerationConfig } from '../model/sampling.ts';
import type { RandomKey } from '../random.ts';
import type { Algorithm } from './algorithm.ts';
import type { RlConfig } from './config.ts';
import { type Draws, keyedDraws } from './draws.ts';
import type { MinibatchStats } from './stats.ts';

/** What responses are sampled for. */
export interface SampledFor {
  /** What the random numbers are for. */
  readonly key: RandomKey;
  /** Before the first step, after it; or the measurement before, by a model that is never trained. */
  readonly phase: 'first' | 'later' | 'before';
}

/**
 * The places of a run at which another way can be put in. `plain` is what the papers say;
 * `placesOf` puts in what settings ask for.
 */
export interface Places {
  // sample
  /** The dropout that responses are sampled with. */
  readonly dropout: (
    shape: PolicyShape,
    seed: number,
    sampledFor: SampledFor,
  ) => Dropout | undefined;
  /** What is scored and learnt from, of a response and the id that it begins from. */
  readonly decoderIds: (ids: readonly number[], limit: number) => readonly number[];
  /** At which policy and reference score. */
  readonly temperature: (generation: GenerationConfig) => number;
  /** What the policy says while it samples is what a scoring at its temperature would say. */
  readonly keepsSampled: boolean;
  // mask
  /** Whether the label at a place counts. */
  readonly mask: (place: number) => 0 | 1;
  // estimate
  /** An algorithm's estimate of the advantages, as it is used. */
  readonly estimate: (own: Algorithm['estimate']) => Algorithm['estimate'];
  // step policy
  /** The KL to the reference is 0, and the ratio 1, before the first update. */
  readonly checksStart: boolean;
  /** Whether `maxGradNorm` acts on an optimizer step. */
  readonly clips: (isFirst: boolean) => boolean;
  /** A minibatch above the ratio threshold takes no step; else it takes one with a gradient of 0. */
  readonly skips: boolean;
  /** Whether early stopping ends an update before the step of a minibatch. */
  readonly endsBeforeStep: (minibatch: MinibatchStats, most: number) => boolean;
  /** Whether it does so after an epoch, by its last minibatch. */
  readonly endsAfterEpoch: (last: MinibatchStats, most: number) => boolean;
  // shuffle
  /** Random choices from a position on. */
  readonly draws: (config: Pick<RlConfig, 'seed' | 'batchSize'>, position: number) => Draws;
}

/** Every place as the papers have it. */
export const plain: Places = {
  dropout: () => undefined,
  decoderIds: (ids) => ids,
  temperature: drawnAt,
  keepsSampled: true,
  mask: () => 1,
  estimate: (own) => own,
  checksStart: true,
  clips: () => true,
  skips: true,
  endsBeforeStep: ({ k3 }, most) => k3 > most,
  endsAfterEpoch: () => false,
  draws: keyedDraws,
};
