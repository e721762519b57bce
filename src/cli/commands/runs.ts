import { z } from 'zod';
import { didYouMean } from '../../errors.ts';
import { counted, list } from '../../report/text.ts';
import { exportedTables, exportFormats } from '../../store/export.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { file, folder } from '../options.ts';
import { painter } from '../paint.ts';

const choice = { group: 'Which runs (list, export)' };
const exported = { group: 'export' };
const options = z.strictObject({
  runs: folder('Folder of runs').default('runs'),
  yes: z.boolean().default(false).describe('delete: without asking'),
  state: z
    .array(z.enum(['running', 'finished', 'stopped', 'broken']))
    .optional()
    .meta(choice)
    .describe('What became of them: running, finished, stopped, broken (the process is gone)'),
  job: z.string().min(1).optional().meta(choice).describe('Of this command: detox, sft, …'),
  search: z
    .string()
    .min(1)
    .optional()
    .meta(choice)
    .describe('With this in their name or that of the model'),
  where: z
    .array(z.string())
    .optional()
    .meta({ ...choice, placeholder: 'setting=value', whole: true })
    .describe('With this setting: algorithm=ppo'),
  table: z
    .enum(exportedTables)
    .default('steps')
    .meta(exported)
    .describe('A row a step, or a response'),
  as: z
    .enum(exportFormats)
    .optional()
    .meta(exported)
    .describe('Format (default: by the ending of the file, csv)'),
  tokens: z
    .boolean()
    .default(false)
    .meta(exported)
    .describe('Of rollouts also the numbers of each token'),
  output: file('File to write (default: TABLE.FORMAT)')
    .optional()
    .meta({ ...exported, placeholder: 'file' }),
});
type Context = CommandContext<z.infer<typeof options>>;

const actions: Readonly<
  Record<string, (context: Context, names: readonly string[]) => Promise<void>>
> = { list: listRuns, show, diff, delete: remove, export: write };

export const runs = defineCommand({
  name: 'runs',
  summary: 'List runs; show one, hold settings against each other, delete, export as tables.',
  description:
    'A run is named by its folder, or by its path below the folder of runs. The list is kept in ' +
    '.tactful-index.db there, which may be removed at any time.',
  examples: [
    ['tactful runs', 'all runs, newest first'],
    ['tactful runs --state finished --where algorithm=grpo', 'some of them'],
    ['tactful runs show RUN', 'how it went, its settings'],
    ['tactful runs diff RUN OTHER', 'the settings in which they differ'],
    ['tactful runs delete RUN', 'asks, and removes its folder'],
    ['tactful runs export RUN OTHER --table rollouts --output rollouts.parquet', 'one file'],
  ],
  arguments: [
    { name: 'what', description: 'list, show, diff, delete or export (default: list)' },
    { name: 'run', description: 'Runs that are meant', variadic: true },
  ],
  options,
  async run(context) {
    const [what = 'list', ...names] = context.arguments;
    const action = Object.hasOwn(actions, what) ? actions[what] : undefined;
    if (action) return action(context, names);
    const known = Object.keys(actions);
    const remedy = didYouMean(what, known) || `To see a run: tactful runs show ${what}`;
    throw new UsageError(`runs: expected ${list(known)}, got "${what}". ${remedy}`);
  },
});

/** Those of the folder that the options mean. */
async function found({ options: given }: Context) {
  const { openIndex } = await import('../../store/run-index/run-index.ts');
  const { state: states, job, search, where } = given;
  const settings = where?.map(partsOf);
  const index = await openIndex(given.runs);
  try {
    return await index.list({
      ...(states && { states }),
      ...(job !== undefined && { job }),
      ...(search !== undefined && { search }),
      ...(settings && { settings: Object.fromEntries(settings) }),
    });
  } finally {
    await index.close();
  }
}

/** `algorithm=ppo` in its two parts. */
function partsOf(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--where: expected SETTING=VALUE, got "${text}".`);
  return [text.slice(0, at), text.slice(at + 1)];
}

async function listRuns(context: Context, names: readonly string[]): Promise<void> {
  if (names.length > 0) throw new UsageError(`runs list: expected no run, got ${names[0]}.`);
  const { json, print, screen } = context;
  const some = await found(context);
  if (json) return print(JSON.stringify(some));
  if (some.length === 0) return print(await noneText(context));
  const { listText } = await import('../runs-text.ts');
  print(listText(some, bolded(screen)));
}

async function noneText(context: Context): Promise<string> {
  const { runs: place, ...others } = context.options;
  const { state, job, search, where } = others;
  const isChoice = [state, job, search, where].some((one) => one !== undefined);
  if (!isChoice) return `No runs in ${place}.`;
  const { length } = await found({
    ...context,
    options: { ...others, runs: place, ...everything },
  });
  return `None of the ${counted(length, 'run')} in ${place} is such a run.`;
}

const everything = { state: undefined, job: undefined, search: undefined, where: undefined };

const bolded =
  ({ color }: Context['screen']) =>
  (text: string) =>
    painter(color)('bold', text);

async function chosen({ options: given }: Context, names: readonly string[]) {
  const { chosenRun } = await import('../chosen-runs.ts');
  return Promise.all(names.map((name) => chosenRun(given.runs, name)));
}

async function show(context: Context, names: readonly string[]): Promise<void> {
  if (names.length !== 1) throw new UsageError(`runs show: expected one run, got ${names.length}.`);
  const [{ details, events }] = await chosen(context, names);
  if (context.json) return context.print(JSON.stringify(details));
  const { showText } = await import('../runs-text.ts');
  context.print(showText(details, events, bolded(context.screen)));
}

async function diff(context: Context, names: readonly string[]): Promise<void> {
  if (names.length < 2) {
    throw new UsageError(`runs diff: expected two runs or more, got ${names.length}.`);
  }
  const some = await chosen(context, names);
  const { differing } = await import('../../report/several/differing.ts');
  const { settingsOfJob } = await import('../../jobs/schemas.ts');
  const settings = differing(
    some.map(({ details: { config, engine, version } }) => ({ ...config, engine, version })),
    some.map(({ details: { job } }) => settingsOfJob(job)),
  );
  const files = differing(
    some.map(({ events }) => {
      const started = events.find((event) => event.type === 'started');
      return started?.fingerprints ?? {};
    }),
  ).map(({ name }) => name);
  if (context.json) {
    const ids = some.map(({ details }) => details.id);
    return context.print(JSON.stringify({ runs: ids, settings, files }));
  }
  const how = { width: context.screen.width, bold: bolded(context.screen) };
  const { shortNames } = await import('../chosen-runs.ts');
  const { differenceText } = await import('../runs-text.ts');
  context.print(differenceText(shortNames(some), settings, files, how));
}

async function remove(context: Context, names: readonly string[]): Promise<void> {
  if (names.length === 0) throw new UsageError('runs delete: expected a run, got nothing.');
  const { deleteRuns } = await import('../delete-runs.ts');
  await deleteRuns(await chosen(context, names), { ...context, asks: !context.options.yes });
}

async function write(context: Context, names: readonly string[]): Promise<void> {
  const { options: given, json, print, progress, signal } = context;
  const { table, tokens, output } = given;
  const ending = exportFormats.find((format) => output?.endsWith(`.${format}`));
  const format = given.as ?? ending ?? 'csv';
  const path = output ?? `${table}.${format}`;
  const { exportRuns } = await import('../../store/export.ts');
  const some = names.length > 0 ? await chosen(context, names) : await all(context);
  progress.note(`writing ${path}`);
  const exportedRuns = some.map(({ folder: place, details }) => ({
    id: details.id,
    folder: place,
  }));
  const rows = await exportRuns(exportedRuns, { table, format, path, tokens, signal });
  progress.close();
  print(json ? JSON.stringify({ path, rows }) : `${path}: ${counted(rows, 'row')}`);
}

/** Runs that the options mean, as far as they have what is to be exported. */
async function all(context: Context) {
  const { keptSteps } = await import('../../store/rollouts.ts');
  const runs = await chosen(
    context,
    (await found(context)).map(({ id }) => id),
  );
  const has = await Promise.all(
    runs.map(async ({ folder: place, details }) =>
      context.options.table === 'steps' ? details.step > 0 : (await keptSteps(place)).length > 0,
    ),
  );
  const some = runs.filter((_, i) => has[i]);
  if (some.length > 0) return some;
  throw new UsageError(`runs export: expected runs with ${context.options.table}, got none.`);
}
