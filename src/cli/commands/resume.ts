import { join } from 'node:path';
import { z } from 'zod';
import { checkOptions } from '../check-options.ts';
import { defineCommand } from '../command.ts';
import { storeOptions } from '../detox-options.ts';
import { flagsOf } from '../flags.ts';
import { engineOptions } from '../options.ts';
import { resumedNames, withNames } from '../remedies.ts';

export const resume = defineCommand({
  name: 'resume',
  summary: 'Go on with a run or a training that was stopped or broke off, as if it had not.',
  description:
    'Takes up a run of detox, sft or train-classifier after its newest checkpoint, with the ' +
    'settings that lie in its folder, and ends with the same bytes as one that was never stopped. ' +
    'Refuses when settings, models or data are no longer those with which the run began. A run ' +
    'without a checkpoint starts again; of one that is finished the result is shown.',
  examples: [
    ['tactful resume runs/RUN', 'after Ctrl-C, a crash or a power cut'],
    ['tactful resume my-adapter', 'the folder that sft was to write'],
  ],
  arguments: [{ name: 'run', description: 'Folder of the run, or of the result', required: true }],
  options: z.strictObject({}),
  async run(context) {
    const [directory] = context.arguments;
    const { resumeJob } = await import('../resume-job.ts');
    if (await resumeJob(directory, context)) return;
    const { openRunFolder } = await import('../../store/run-folder.ts');
    const { RunOptions: Options, runDetox } = await import('../run-detox.ts');
    const { showFinished } = await import('../show-run.ts');
    const folder = await openRunFolder(directory, { resume: true });
    try {
      const config = checkOptions(Options, flagsOf(Options), folder.config);
      const events = await folder.read();
      if (events.some(({ type }) => type === 'finished')) {
        const { seed, steps } = config;
        await showFinished({ folder, seed, steps, context });
      } else {
        context.progress.note('checking settings, models and data');
        const { freeSettings } = await import('../../jobs/detox/config.ts');
        const free = [...freeSettings, ...Object.keys({ ...storeOptions, ...engineOptions })];
        const file = join(directory, 'config.yaml');
        const names = resumedNames(flagsOf(Options), { job: 'detox', file, free });
        await withNames(names, () =>
          runDetox({ config, directory, folder, context: { ...context, names } }),
        );
      }
    } finally {
      await folder.close();
    }
  },
});
