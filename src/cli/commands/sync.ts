import { join } from 'node:path';
import { z } from 'zod';
import { configName, logName } from '../../disk/result-folder.ts';
import { ConfigError, InputError, TactfulError } from '../../errors.ts';
import type { JobEvent } from '../../events.ts';
import type { Settings } from '../../jobs/kind.ts';
import { checkOptions } from '../check-options.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { Told } from '../errors.ts';
import { flagsOf } from '../flags.ts';
import { type StoreSettings, storeOptions, storesIn } from '../store-options.ts';

const options = z.strictObject(storeOptions);

export const sync = defineCommand({
  name: 'sync',
  summary: 'Send runs to their stores: what these do not have yet, and nothing twice.',
  description:
    'Stores are those that the run was given, or others that are named here. How far each is, the ' +
    'folder of the run remembers.',
  examples: [
    ['tactful sync runs/RUN', 'what could not be sent while it trained'],
    ['tactful sync runs/* --store dynamodb --key run', 'runs that had no store'],
  ],
  arguments: [
    {
      name: 'run',
      description: 'Folders of runs, also of such that train',
      required: true,
      variadic: true,
    },
  ],
  options,
  stopping: 'stopping after what is under way',
  async run({ arguments: runs, given, json, ...context }) {
    const told: object[] = [];
    for (const run of runs) {
      if (context.signal.aborted) break;
      const sent = syncRun(run, given, { json, ...context });
      // what is no run does not keep others from their stores
      told.push(...(await (runs.length === 1 ? sent : sent.catch((error) => refused(run, error)))));
    }
    for (const one of told) if (isProblem(one)) context.note({ says: one.problem });
    if (json) context.print(JSON.stringify(told));
    if (told.some(isProblem)) throw new Told();
  },
});

function isProblem(one: object): one is { readonly problem: string } {
  return 'problem' in one;
}

function refused(run: string, error: unknown): object[] {
  if (!(error instanceof TactfulError)) throw error;
  return [{ run, problem: error.message }];
}

type Context = Pick<CommandContext<unknown>, 'json' | 'print' | 'progress' | 'signal'>;

/** Brings each store of a run up to date. @returns what each has now, for programs */
async function syncRun(folder: string, given: Settings, context: Context): Promise<object[]> {
  const [{ readEvents }, { lockOf }, { delivery }, { holderOf }, { runLog }, { openStores }] =
    await Promise.all([
      import('../../store/event-log.ts'),
      import('../../store/cursor.ts'),
      import('../../store/delivery.ts'),
      import('../../store/lock.ts'),
      import('../../store/run-log.ts'),
      import('../stores.ts'),
    ]);
  const log = runLog(await readEvents<JobEvent>(join(folder, logName)));
  if (log.events.length === 0)
    throw new InputError(folder, `a run with its ${logName}`, 'none', 'Name the folder of a run.');
  const settings = await settingsOf(folder, given);
  if (storesIn(settings).length === 0) {
    const remedy = 'Name one by `store`.';
    throw new ConfigError(`run folder ${folder}`, 'a run with a store', 'one without', remedy);
  }
  const told: object[] = [];
  for (const store of await openStores(settings)) {
    const place = { run: folder, store: store.name, place: store.says };
    const holder = await holderOf(lockOf(folder, store));
    if (holder !== undefined) {
      const line = `${folder}: process ${holder} brings ${store.says} up to date`;
      if (!context.json) context.print(line);
      told.push({ ...place, process: holder });
      await store.close();
      continue;
    }
    context.progress.note(`${folder}: sending to ${store.says}`);
    const one = delivery(folder, store);
    const problem = await one
      .update(log, () => context.signal.aborted)
      .then(() => undefined)
      .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
      .finally(() => Promise.allSettled([one.close(), store.close()]));
    const { events } = one;
    const of = log.events.length;
    if (!context.json) context.print(`${folder}: ${store.says} has ${events} of ${of} events`);
    told.push({ ...place, events, of, ...(problem !== undefined && { problem }) });
  }
  return told;
}

/** What is asked for now, over what the run was given. */
async function settingsOf(folder: string, given: Settings): Promise<StoreSettings> {
  const [{ exists }, { readSettingsFile }] = await Promise.all([
    import('../../disk/atomic.ts'),
    import('../config-file.ts'),
  ]);
  const file = join(folder, configName);
  const then = (await exists(file)) ? await readSettingsFile(file) : {};
  const own = Object.entries(then).filter(([name]) => name in storeOptions);
  const settings = { ...Object.fromEntries(own), ...given };
  return checkOptions(options, flagsOf(options), settings) as StoreSettings;
}
