/** Config files of runs as settings of a measurement. */
import { dirname, join } from 'node:path';
import { exists } from '../../disk/atomic.ts';
import { quoted } from '../../disk/shell.ts';
import { DetoxConfig } from '../detox/config.ts';
import type { OtherFiles, Settings } from '../kind.ts';
import { isPreset, presetSettings } from '../presets.ts';
import { EvaluateConfig } from './config.ts';

/** What a run measures by, where that is set for its measurements alone. */
const measuredBy = {
  evaluationMaxNewTokens: 'maxNewTokens',
  evaluationMinLength: 'minLength',
  evaluationTopK: 'topK',
} as const;

export const filesOfRuns: OtherFiles = {
  schema: DetoxConfig,
  own(run) {
    const given = { ...presetWithCompat(run), ...run };
    const [settings, measures]: [Record<string, unknown>, Record<string, unknown>] = [{}, {}];
    for (const [name, value] of Object.entries(given)) {
      const own = (measuredBy as Readonly<Record<string, string>>)[name];
      if (own === undefined) settings[name] = value;
      else measures[own] = value;
    }
    const { compat = 'none' } = run;
    // with it the reward reads both, whatever `scoreOn` says
    return { ...settings, ...measures, ...(compat !== 'none' && { scoreOn: 'pair' }) };
  },
  async notes(file, over) {
    const adapter = join(dirname(file), 'adapter');
    if (over.adapter !== undefined || !(await exists(join(adapter, 'adapter_config.json'))))
      return [];
    const says = 'Measured is the policy with which the run of that file began.';
    const remedy = `What it has learnt is measured with \`adapter\` ${quoted(adapter)}`;
    return [{ says, remedy }];
  },
};

/** What a preset has with a run's `compat`, which a measurement does not have, as far as it measures by it. */
function presetWithCompat({ preset, compat = 'none' }: Settings): Settings {
  if (!isPreset(preset) || compat === 'none') return {};
  const measuring = { ...EvaluateConfig.shape, ...measuredBy };
  const all = Object.entries(presetSettings(preset, compat));
  return Object.fromEntries(all.filter(([name]) => Object.hasOwn(measuring, name)));
}
