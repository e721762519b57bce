/** Goes on with a supervised job. */
import { join } from 'node:path';
import type { z } from 'zod';
import { mendFolder } from '../disk/atomic.ts';
import {
  checkpointsName,
  mendResultFolder,
  readRecord,
  type TrainingRecord,
  unfinishedJob,
} from '../disk/result-folder.ts';
import { ConfigError } from '../errors.ts';
import { freeSettings } from '../jobs/begin.ts';
import { counted, grouped } from '../report/text.ts';
import { readSettings } from '../store/run-folder.ts';
import { checkOptions } from './check-options.ts';
import type { CommandContext } from './command.ts';
import { flagsOf } from './flags.ts';
import { supervisedJobs } from './job-names.ts';
import { engineOptions } from './options.ts';
import { resumedNames, withNames } from './remedies.ts';

interface Job<Options extends z.ZodObject> {
  readonly options: Options;
  run(context: CommandContext<z.infer<Options>>, how: { resume: boolean }): Promise<void>;
}

const names: readonly string[] = supervisedJobs;

/**
 * Goes on with the job in a folder, or shows what came of it.
 * @returns false when there is no such job
 * @throws {ConfigError} when it is of an unknown kind
 * @throws {InputError} when its settings are none
 */
export async function resumeJob(
  directory: string,
  context: CommandContext<unknown>,
): Promise<boolean> {
  await mendResultFolder(directory);
  const unfinished = await unfinishedJob(directory);
  const record = unfinished === undefined ? await readRecord(directory) : undefined;
  if (unfinished === undefined && !names.includes(record?.job ?? '')) return false;
  if (record?.finished) {
    await mendFolder(directory); // its checkpoints may be half removed
    showFinished(directory, record, context);
    return true;
  }
  const job = unfinished ?? record?.job ?? '';
  if (!names.includes(job)) {
    throw new ConfigError(directory, `an unfinished ${names.join(' or ')}`, `one of ${job}`);
  }
  // one without a checkpoint begins again, as its best so far says
  const file = unfinished ? join(checkpointsName, `${job}.yaml`) : 'config.yaml';
  const settings = await readSettings(join(directory, file));
  const goOn = async <Options extends z.ZodObject>({ options, run }: Job<Options>) => {
    const values = { ...settings, output: directory };
    const checked = checkOptions(options, flagsOf(options), values);
    context.progress.note('checking settings, models and data');
    const free = [...freeSettings, ...Object.keys(engineOptions)];
    const names = resumedNames(flagsOf(options), { job, file: join(directory, file), free });
    await withNames(names, () => run({ ...context, names, options: checked }, { resume: true }));
  };
  if (job === 'sft') await goOn((await import('./commands/sft.ts')).sftJob);
  else await goOn((await import('./commands/train-classifier.ts')).classifierJob);
  return true;
}

function showFinished(
  output: string,
  { steps, best, heldOut }: TrainingRecord,
  { json, print }: CommandContext<unknown>,
): void {
  if (json) {
    print(JSON.stringify({ output, steps, best, heldOut }));
    return;
  }
  const chosen = typeof best === 'number' ? `, the best: after step ${grouped(best)}` : '';
  print('The job is finished: there is nothing left to do.');
  print(`\n${counted(Number(steps), 'step')}.\nresult          ${output}${chosen}`);
}
