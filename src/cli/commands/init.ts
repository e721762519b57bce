import { z } from 'zod';
import { DetoxConfig } from '../../detox-config.ts';
import { ConfigError } from '../../errors.ts';
import { exists, writeFileAtomic } from '../../hub/atomic.ts';
import { type PresetName, presets } from '../../presets.ts';
import { defineCommand } from '../command.ts';
import { quoted } from '../shell.ts';

const options = z.strictObject({
  preset: z
    .enum(Object.keys(presets) as [PresetName])
    .default('demo')
    .describe('Whose settings the file has'),
  compat: DetoxConfig.shape.compat,
  force: z.boolean().default(false).describe('Write over a file that is there'),
});

export const init = defineCommand({
  name: 'init',
  summary: 'Write a config file for detox: every setting with what it does.',
  description:
    'The settings of the preset stand there as they are, all others behind a #, with their ' +
    'defaults. Without FILE it is tactful.yaml; - writes to the standard output.',
  examples: [
    ['tactful init', "tactful.yaml with the demo's settings"],
    ['tactful init --preset lab lab.yaml', 'those of the lab on FLAN-T5'],
    ['tactful detox --config lab.yaml', 'a run with them'],
  ],
  arguments: [{ name: 'file', description: 'Where to write (default: tactful.yaml)' }],
  options,
  async run({ options: { preset, compat, force }, arguments: words, json, print }) {
    const [file = 'tactful.yaml'] = words;
    const { configTemplate } = await import('../config-template.ts');
    const text = configTemplate({ preset, compat });
    if (file === '-') return print(json ? JSON.stringify({ preset, text }) : text.trimEnd());
    if (!force && (await exists(file))) {
      throw new ConfigError(file, 'no file yet', 'one that is there', 'Use --force to replace it.');
    }
    await writeFileAtomic(file, text);
    const use = `npx tactful detox --config ${quoted(file)}`;
    print(
      json
        ? JSON.stringify({ preset, file })
        : `${file} has the settings of ${preset}. Run them with:\n  ${use}`,
    );
  },
});
