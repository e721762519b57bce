import { z } from 'zod';
import { defineCommand } from '../command.ts';
import { machineOptions } from '../machine-options.ts';
import { pageOption } from '../options.ts';
import { requireOption } from '../required.ts';

export const resume = defineCommand({
  name: 'resume',
  summary: 'Go on with a run or a training that was stopped or broke off, as if it had not.',
  description:
    'Takes up a run of detox, evaluate, sft or train-classifier after its newest checkpoint, with the ' +
    'settings that lie in its folder, and ends with the same bytes as one that was never stopped. ' +
    'Refuses when settings, models or data are no longer those with which the run began. A run ' +
    'without a checkpoint starts again; of one that is finished the result is shown. Workers are ' +
    'those of its settings, with the password that TACTFUL_REDIS_PASSWORD has, or others.',
  examples: [
    ['tactful resume runs/RUN', 'after Ctrl-C, a crash or a power cut'],
    ['tactful resume runs/RUN --workers redis://HOST:6379', 'on workers, wherever it began'],
    ['tactful resume runs/RUN --ui', 'with its page in the browser, as it may have begun'],
    ['tactful resume my-adapter', 'the folder that sft was to write'],
  ],
  arguments: [{ name: 'run', description: 'Folder of the run, or of the result', required: true }],
  options: z.strictObject({ ...requireOption, ...machineOptions, ...pageOption }),
  async run(context) {
    const { resumeJob } = await import('../resume-job.ts');
    return resumeJob(context.arguments[0], context);
  },
});
