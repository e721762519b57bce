import { z } from 'zod';
import { exists, writeFileAtomic } from '../../disk/atomic.ts';
import { quoted } from '../../disk/shell.ts';
import { writingTo } from '../../disk/words.ts';
import { ConfigError } from '../../errors.ts';
import { DetoxConfig } from '../../jobs/detox/config.ts';
import { kinds } from '../../jobs/kinds.ts';
import { type PresetName, presets } from '../../jobs/presets.ts';
import { defineCommand } from '../command.ts';

const jobNames = kinds.map(({ name }) => name);

const options = z
  .strictObject({
    job: z.enum(jobNames).default('detox').describe('For which command the file is'),
    preset: z
      .enum(Object.keys(presets) as [PresetName])
      .optional()
      .describe('Whose settings a file for detox has (default: demo)'),
    compat: DetoxConfig.shape.compat,
    force: z.boolean().default(false).describe('Write over a file that is there'),
  })
  .refine(({ job, preset }) => job === 'detox' || preset === undefined, forDetox('preset'))
  .refine(({ job, compat }) => job === 'detox' || compat === 'none', forDetox('compat'));

function forDetox(name: string) {
  return { path: [name], error: 'is for `job` detox alone' };
}

export const init = defineCommand({
  name: 'init',
  summary: 'Write a config file for a job: every setting with what it does.',
  description:
    'The settings of the preset, or those that the job needs, stand there as they are, all others ' +
    'behind a #, with their defaults. Without FILE it is tactful.yaml; - writes to the standard ' +
    'output.',
  examples: [
    ['tactful init', "tactful.yaml with the demo's settings"],
    ['tactful init --preset lab lab.yaml', 'those of the lab on FLAN-T5'],
    ['tactful detox --config lab.yaml', 'a run with them'],
    ['tactful init --job sft sft.yaml', 'settings of sft'],
  ],
  arguments: [{ name: 'file', description: 'Where to write (default: tactful.yaml)' }],
  options,
  async run({ options: { job, preset, compat, force }, arguments: words, json, print }) {
    const [file = 'tactful.yaml'] = words;
    const { configTemplate } = await import('../config-template.ts');
    const kind = await kinds.find(({ name }) => name === job)!.load();
    const text = configTemplate(kind, { preset, compat });
    const named = job === 'detox' ? { job, preset: preset ?? 'demo' } : { job };
    if (file === '-') return print(json ? JSON.stringify({ ...named, text }) : text.trimEnd());
    if (!force && (await exists(file))) {
      throw new ConfigError(file, 'no file yet', 'one that is there', 'Use --force to replace it.');
    }
    await writingTo({ path: file, instead: 'name another file' }, () =>
      writeFileAtomic(file, text),
    );
    const use = `npx tactful ${job} --config ${quoted(file)}`;
    print(
      json
        ? JSON.stringify({ ...named, file })
        : `${file} has the settings of ${named.preset ?? job}. Run them with:\n  ${use}`,
    );
  },
});
