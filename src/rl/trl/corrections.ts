import { z } from 'zod';

/**
 * Where TRL 0.8.0 (with the lab) and the default part ways: one switch each, on by default, all
 * off with `compat: 'trl-0.8.0'`, single ones off with `without`. docs/ppo.md says more.
 */
export const corrections = {
  scoresFirstToken:
    "the first generated token counts; TRL's mask leaves it out, so it never learns",
  keepsDecoderStart:
    'every response begins with the decoder start; the lab cuts it off when the limit is hit, and the model is conditioned on a decoder that starts with a generated token',
  rewardsByLabel:
    'the reward is the logit of the named label; the lab takes the largest logit, which rewards the worst texts',
  stripsSpecialTokens:
    'the reward model reads text; the lab gives it "</s><pad>" as words, which are special tokens of its own',
  scoresAtTemperature:
    'logprobs are those of the distribution that was sampled from; TRL scores at temperature 1',
  clipsEveryStep:
    "gradients are clipped at every optimizer step; TRL's parameter iterator is used up by the first",
  skipsWholeStep:
    "a minibatch over the ratio threshold takes no step; TRL's Adam goes on by momentum, with decay",
  stopsBeforeStep:
    'early stopping looks at the k3 estimate of each minibatch before its step; TRL at the signed mean of the last one, after the epoch',
  whitensRealTokens:
    'rows end where they end; TRL whitens the padding as well, and it leaks into real tokens',
  shufflesByKey:
    "minibatches are shuffled by a stream of (seed, step, epoch); TRL's depend on who else drew from numpy",
  samplesWithoutDropout:
    'responses are sampled without dropout; TRL leaves the model in training mode, so rollouts from the second step on, and what is measured after the training, come with it',
} as const satisfies Record<string, string>;

/** Name of a correction. */
export type Correction = keyof typeof corrections;
/** All corrections, by name. */
export const correctionNames = Object.keys(corrections) as [Correction, ...Correction[]];
/** The settings that leave corrections out. */
export const compatFields = {
  compat: z
    .enum(['none', 'trl-0.8.0'])
    .default('none')
    .describe("Reproduce TRL 0.8.0's arithmetic, defects included"),
  without: z
    .array(z.enum(correctionNames))
    .default([])
    .describe(
      `Corrections of TRL 0.8.0 to leave out, of ${correctionNames.join(', ')} (docs/ppo.md)`,
    ),
};

/** Which corrections are on. */
export type Semantics = Readonly<Record<Correction, boolean>>;

/** The settings that say which. */
export interface Compatibility {
  readonly compat: 'none' | 'trl-0.8.0';
  readonly without: readonly Correction[];
}

/** The corrections that a run has. */
export function semanticsOf({ compat, without }: Compatibility): Semantics {
  const on = (name: Correction) => compat === 'none' && !without.includes(name);
  return Object.fromEntries(correctionNames.map((name) => [name, on(name)])) as Semantics;
}
