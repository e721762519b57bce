import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import type { DetoxConfig } from './detox/config.ts';
import type { Presets } from './kind.ts';

type Settings = Partial<z.input<typeof DetoxConfig>>;

const demo = (name: string) => fileURLToPath(new URL(`../../demo/${name}`, import.meta.url));

/** Settings by name; a config file and flags go over them. */
export const presets = {
  /** The embedded default: small models and dialogues that the project made itself. */
  demo: {
    model: demo('model'),
    adapter: demo('adapter'),
    rewardModel: demo('reward-model'),
    judge: ['words'],
    data: demo('dialogues.csv'),
    steps: 60,
    batchSize: 32,
    miniBatchSize: 8,
    ppoEpochs: 2,
    learningRate: 1e-3,
    initKlCoef: 0.05,
    lam: 1, // a zero critic has nothing to say yet: let every token see the whole score
    maxNewTokens: 64,
  },
  /**
   * The well-known lab on FLAN-T5: its models, data and numbers, with the semantics of the default.
   * Its adapter comes with the course; without one the run starts from a fresh adapter.
   */
  lab: {
    model: 'google/flan-t5-base',
    rewardModel: 'facebook/roberta-hate-speech-dynabench-r4-target',
    judge: ['words'],
    data: 'knkarthick/dialogsum',
    split: 'train',
    // how dialogues become prompts
    minimumLength: 200,
    maximumLength: 1000,
    testShare: 0.2,
    maxQueryTokens: 512,
    // PEFT's LoraConfig; its dropout never acts in TRL's loss
    loraRank: 32,
    loraAlpha: 32,
    loraTargets: ['q', 'v'],
    loraDropout: 0.05,
    // the reward
    rewardLabel: 'nothate',
    toxicLabel: 'hate',
    // TRL's PPOConfig, and max_ppo_steps
    algorithm: 'ppo',
    steps: 10,
    batchSize: 16,
    miniBatchSize: 4,
    gradientAccumulationSteps: 1,
    ppoEpochs: 1,
    learningRate: 1.41e-5,
    seed: 0,
    initKlCoef: 0.2,
    adapKlCtrl: true,
    target: 6,
    horizon: 10_000,
    gamma: 1,
    lam: 0.95,
    clipRange: 0.2,
    clipRangeValue: 0.2,
    vfCoef: 0.1,
    whitenRewards: false,
    useScoreScaling: false,
    useScoreNorm: false,
    earlyStopping: false,
    ratioThreshold: 10,
    // generation_kwargs, and its LengthSampler(100, 400)
    sample: true,
    temperature: 1,
    topK: 0,
    topP: 1,
    responseLimits: [100, 400],
    maxNewTokens: 399,
    // what is measured: the lab takes 11 dialogues, which prove nothing
    samples: 500,
    rows: 20,
  },
} satisfies Record<string, Settings>;
/** Name of a preset. */
export type PresetName = keyof typeof presets;

/**
 * What else a preset has with `compat: trl-0.8.0`, where neither `compat` itself nor the defaults
 * that follow from it do it already.
 */
const trlPresets: Readonly<Partial<Record<PresetName, Settings>>> = {
  lab: {
    scoreOn: 'pair', // also where the run measures
    toxicityOn: 'pair',
    minLength: 5, // holds the end back when sampling, not when scoring
    evaluationMaxNewTokens: 100,
    evaluationMinLength: 0,
    evaluationTopK: 50, // transformers' default: `tok_k` is a typo
    valueHeadFile: 'pytorch_model.bin', // where TRL's save_pretrained puts it
    samples: 11, // `if i > num_samples: break`, with num_samples 10
  },
};

/** What the lab's notebook does and `--preset lab --compat trl-0.8.0` does not, in sentences. */
export const labGaps: readonly string[] = [
  'The notebook measures on prompts with a second end of the sequence, as text for the judge and as a token for the model.',
  "Random numbers are tactful's own: tokens, lengths, orders and what is dropped are other draws of the same distributions.",
];

/** What kinds that work on a policy say of the presets; each says itself which settings it takes of one. */
export const policyPresets: Omit<Presets, 'settings'> = {
  names: Object.keys(presets) as [PresetName],
  description:
    'Settings to begin with: the demo, or the lab on FLAN-T5 (default: demo, when no model is named)',
  nameFor: ({ preset, model }) =>
    typeof preset === 'string' ? preset : model === undefined ? 'demo' : undefined,
};

/** Whether a name is that of a preset. */
export function isPreset(name: unknown): name is PresetName {
  return typeof name === 'string' && Object.hasOwn(presets, name);
}

/**
 * Settings of a preset.
 * @param compat the `compat` that will go over them
 */
export function presetSettings(name: PresetName, compat: unknown = 'none'): Settings {
  return { ...presets[name], ...(compat === 'trl-0.8.0' && trlPresets[name]) };
}
