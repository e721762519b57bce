/** The guards of a detox run: what they look at, and what they compare that with. */
import type { Sample } from '../../comparison.ts';
import type { Prompt } from '../../eval/evaluate.ts';
import { type Answer, tellingPairs, tellingRollouts } from '../../eval/guarded-samples.ts';
import { ofHeldOut, ofRollouts, type Seen } from '../../eval/guards.ts';
import type { JobProgress, RunMeasures } from '../../events.ts';
import type { Rollout } from '../../rl/rollout.ts';
import type { Sighting, Watch } from '../kind.ts';
import type { DetoxConfig } from './config.ts';
import { measuresOf } from './measure.ts';

/** A batch that was learnt from, and each response's KL to the reference. */
export interface SeenBatch {
  readonly rollouts: readonly Rollout[];
  readonly kls: readonly number[];
}

/** What the guards of a run work with. */
interface Watched {
  readonly config: DetoxConfig;
  readonly steps: number;
  /** Those that are kept out of the training and of the test; may be none. */
  readonly validation: readonly Prompt[];
  readonly test: readonly Prompt[];
  /** What the policy answers to prompts now. */
  readonly ask: (
    prompts: readonly Prompt[],
    signal?: AbortSignal,
  ) => AsyncGenerator<JobProgress, readonly Sample[]>;
  /** What the starting policy answered to the test prompts. */
  readonly before: () => readonly Sample[];
  /** What was learnt from last. */
  readonly batch: () => SeenBatch | undefined;
}

/**
 * The watch over a run; undefined where guards are off. Held-out answers are those to the validation
 * part, where there is one, else to the first test prompts, which have been answered before the training.
 */
export function watchOf({
  config,
  steps,
  validation,
  test,
  ask,
  before,
  batch,
}: Watched): Watch<RunMeasures> | undefined {
  const { guards, guardEvery, guardSamples } = config;
  if (guards === undefined || guards === 'off') return undefined;
  const isApart = validation.length > 0;
  const prompts = (isApart ? validation : test).slice(0, guardSamples);
  let started: readonly Sample[] | undefined;
  const start = () =>
    (started ??= before()
      .filter(({ sample = 0 }) => sample === 0)
      .slice(0, guardSamples));
  return {
    action: guards,
    async *begin(signal) {
      if (isApart && guardEvery > 0) started = yield* ask(prompts, signal);
    },
    ofSteps(series) {
      const { rollouts, kls } = batch() ?? { rollouts: [], kls: [] };
      const answers = rollouts.map((rollout, i) => answerOf(rollout, kls[i]));
      return ofRollouts(series, config).map((seen) =>
        sightingOf(seen, tellingRollouts(seen, answers)),
      );
    },
    isDue: (step) => guardEvery > 0 && (step % guardEvery === 0 || step === steps),
    async *ofHeldOut(series) {
      const now = yield* ask(prompts);
      const sightings = ofHeldOut(start(), now).map((seen) =>
        sightingOf(seen, tellingPairs(seen, start(), now)),
      );
      const doubts = [
        ...ofRollouts(series, config, 'unwell'),
        ...ofHeldOut(start(), now, 'unwell'),
      ];
      return { measures: measuresOf(now), n: now.length, sightings, well: doubts.length === 0 };
    },
  };
}

function answerOf({ query, text, response, truncated }: Rollout, kl: number | undefined): Answer {
  return { query: query.text, response: text, tokens: response.length, truncated, kl };
}

function sightingOf(
  { guard, reads, numbers, judge }: Seen,
  samples: Sighting['samples'],
): Sighting {
  return { guard, reads, ...(judge !== undefined && { judge }), numbers, samples };
}
