import type { Rows } from './masked.ts';
import type { RlSample } from './sample.ts';

/** A batch of responses with all that was computed of them before the update; rows [labels] each. */
export interface Experience {
  readonly samples: readonly RlSample[];
  /** 1 where a label counts. */
  readonly masks: Rows;
  /** One a response, after scaling and penalties. */
  readonly scores: readonly number[];
  /** Under the policy that made the responses. */
  readonly logprobs: Rows;
  readonly refLogprobs: Rows;
  /** Of the critic; zero without one. */
  readonly values: Rows;
  /** Estimate of the KL to the reference. */
  readonly kls: Rows;
  /** The KL's price, if it is paid in the reward, and the score at the last token that counts. */
  readonly rewards: Rows;
}

/** What the update learns from; rows [labels] each. */
export interface Advantages {
  readonly advantages: Rows;
  /** What a critic learns, if there is one. */
  readonly critic?: {
    /** Values where the mask is 1, else 0. */
    readonly values: Rows;
    /** Advantages before whitening, plus values. */
    readonly returns: Rows;
  };
}

/** The settings that turn rewards into advantages. */
export interface EstimateSettings {
  readonly gamma: number;
  readonly lam: number;
  readonly whitenRewards: boolean;
  readonly numGenerations: number;
  readonly advantageScale?: 'group' | 'batch' | 'none' | undefined;
}

/** What tells one algorithm from another; rollouts, KL, loss and update are shared. */
export interface Algorithm {
  /** With a critic, which values each token; else responses to one prompt are compared. */
  readonly critic: boolean;
  /** What settings are where they are not given. */
  readonly defaults: Pick<EstimateSettings, 'numGenerations' | 'advantageScale'> & {
    readonly klPlacement: 'reward' | 'loss';
  };
  /** Turns rewards into advantages. Responses to one prompt stand next to each other. */
  estimate(
    experience: Pick<Experience, 'samples' | 'masks' | 'rewards' | 'values'>,
    settings: EstimateSettings,
  ): Advantages;
}
