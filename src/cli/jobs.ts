/** The jobs that read config files, for what is made of their settings: files, schemas. */
import { ClassifyConfig } from '../jobs/classify-config.ts';
import { type DetoxConfig, resolvedConfig } from '../jobs/detox/config.ts';
import { type PresetName, presetSettings, presets } from '../jobs/presets.ts';
import { SftConfig } from '../jobs/sft-config.ts';
import type { Known } from './config-file.ts';
import { fileSettings } from './detox-options.ts';
import type { JobName } from './job-names.ts';
import { jobSettings } from './job-options.ts';
import { RunOptions } from './run-detox.ts';
import type { Settings } from './settings.ts';

interface Job {
  /** What a config file may say. */
  readonly settings: Known;
  /** What is written into a folder beside a `config.yaml`. */
  readonly result: string;
  /** What a file to begin with says. */
  first(preset: PresetName, compat: DetoxConfig['compat']): Settings;
  /** Those with all defaults. */
  filled(settings: Settings): Settings;
}

export const jobs: Readonly<Record<JobName, Job>> = {
  detox: {
    settings: fileSettings,
    result: 'run',
    first: (preset, compat) => ({
      ...presetSettings(preset, compat),
      ...(compat !== 'none' && { compat }),
    }),
    filled: (settings) => resolvedConfig(RunOptions.parse(settings)),
  },
  sft: supervised(jobSettings(SftConfig), {
    model: presets.demo.model,
    data: presets.demo.data,
  }),
  'train-classifier': supervised(jobSettings(ClassifyConfig), {
    data: 'texts.csv',
    model: presets.demo.rewardModel,
  }),
};

function supervised(settings: Known, first: Settings): Job {
  return {
    settings,
    result: 'result',
    first: () => first,
    filled: (given) => settings.parse(given),
  };
}
