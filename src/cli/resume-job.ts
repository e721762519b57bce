/** Goes on with a job of any kind, or shows what came of it. I/O: looks what is in a folder. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../disk/atomic.ts';
import {
  configName,
  type JobThere,
  jobIn,
  logName,
  mendResultFolder,
  readRecord,
} from '../disk/result-folder.ts';
import { ConfigError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import type { Kind, Settings } from '../jobs/kind.ts';
import { kinds } from '../jobs/kinds.ts';
import { readEvents } from '../store/event-log.ts';
import { checkOptions } from './check-options.ts';
import type { CommandContext } from './command.ts';
import { readSettingsFile } from './config-file.ts';
import { flagsOf } from './flags.ts';
import { runJobIn } from './job-command.ts';
import { jobOptions } from './job-options.ts';
import { machineOptions } from './machine-options.ts';
import { engineOptions } from './options.ts';
import { resumedNames, withNames } from './remedies.ts';
import { expectVerdict, requireOption } from './required.ts';
import { showFinished } from './show-job.ts';
import { storeOptions } from './store-options.ts';

/**
 * Goes on with the job in a folder, or shows what came of it; with its page, where that is asked for.
 * @returns as `withPage`
 * @throws {ConfigError} when there is none, or one of an unknown kind
 * @throws {InputError} when its settings are none
 */
export async function resumeJob(
  directory: string,
  context: CommandContext<{ readonly require?: string | undefined; readonly ui: boolean }>,
): Promise<'done' | undefined> {
  await mendResultFolder(directory);
  const there = await jobIn(directory);
  if (!there) {
    const remedy = 'Check the path, or start a new run.';
    const actual = (await isEmpty(directory)) ? 'an empty or missing folder' : `no ${configName}`;
    throw new ConfigError(`run folder ${directory}`, 'a run to resume', actual, remedy);
  }
  const entry = kinds.find(({ name }) => name === there.job);
  if (!entry) {
    const names = kinds.map(({ name }) => name);
    throw new ConfigError(directory, `an unfinished ${names.join(' or ')}`, `one of ${there.job}`);
  }
  const kind: Kind = await entry.load();
  const told = await readEvents<JobEvent>(join(directory, logName));
  const going: Going = {
    there,
    told,
    context,
    require: context.options.require,
    over: Object.fromEntries(
      Object.entries(context.given).filter(([name]) => name in machineOptions),
    ),
  };
  const run = () => (there.finished ? showEnd : goOn)(directory, kind, going);
  if (context.options.ui) {
    const { withPage } = await import('./job-page.ts');
    return withPage(directory, run, { ...context, isThere: true });
  }
  await run();
  return undefined;
}

interface Going {
  /** Of the command line; what the run was given counts where there is none. */
  readonly require: string | undefined;
  /** Where the workers are now. */
  readonly over: Settings;
  readonly there: JobThere;
  readonly told: readonly JobEvent[];
  readonly context: CommandContext<unknown>;
}

/** With the settings of then, and over them what the folder's file says. */
async function goOn(output: string, kind: Kind, going: Going): Promise<void> {
  const { there, told, context, require: requirement, over } = going;
  const file = join(output, there.settings);
  const started = told.find((event) => event.type === 'started');
  const given = (await exists(file)) || !started ? await readSettingsFile(file) : started.config;
  const preset = kind.presets?.nameFor(given);
  const under = preset === undefined ? {} : kind.presets?.settings(preset, given);
  const { options } = jobOptions(kind);
  const flags = flagsOf(options);
  const then = started?.config ?? under;
  const required = requirement === undefined ? {} : { require: requirement };
  const asked = checkOptions(options, flags, { ...then, ...given, ...required, ...over, output });
  context.progress.note('checking settings, models and data');
  const free = [
    ...kind.mayDiffer,
    ...Object.keys({ ...requireOption, ...storeOptions, ...engineOptions, ...machineOptions }),
  ];
  const names = resumedNames(flags, { job: kind.name, file, free });
  const renamed = { ...context, names };
  await withNames(names, () =>
    runJobIn(output, kind, { asked, given, resume: true, context: renamed }),
  );
}

/** Shows what a finished job came to, as its log has it; of earlier versions also its record. */
async function showEnd(
  output: string,
  kind: Kind,
  { told, context, require: requirement }: Going,
): Promise<void> {
  const events = told.length > 0 ? told : await recordedEvents(output);
  if (kind.result === undefined) {
    const { finishFolder } = await import('../jobs/folder.ts');
    await finishFolder(output); // its checkpoints may be half removed
  }
  const verdict = showFinished(events, { kind, output, context });
  const file = join(output, configName);
  const given = (await exists(file)) ? await readSettingsFile(file) : {};
  expectVerdict(verdict, requirement ?? given.require);
}

/** What `training.json` of an earlier version says, as events. */
async function recordedEvents(output: string): Promise<JobEvent[]> {
  const record: Settings = (await readRecord(output)) ?? {};
  const { steps = 0, best, heldOut } = record;
  const { before, after } = (heldOut ?? {}) as Readonly<Record<string, object | undefined>>;
  const measured = (when: 'before' | 'after', measures: object | undefined): JobEvent[] =>
    measures ? [{ type: 'evaluated', when, ...measures }] : [];
  const end = { type: 'finished' as const, steps: Number(steps), seconds: Number.NaN };
  const chosen = typeof best === 'number' && { best };
  return [...measured('before', before), ...measured('after', after), { ...end, ...chosen }];
}

async function isEmpty(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.length === 0;
}
