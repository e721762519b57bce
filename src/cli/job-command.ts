/** The command of a kind of job: parse, call, show. */
import type { z } from 'zod';
import { version } from '../disk/version.ts';
import type { DetoxConfig } from '../jobs/detox/config.ts';
import type { JobSettings, Kind, Settings } from '../jobs/kind.ts';
import { type CliCommand, type CommandContext, defineCommand } from './command.ts';
import { openComputing } from './engine.ts';
import { Told } from './errors.ts';
import { givenSettings, jobOptions, type VersusSettings } from './job-options.ts';
import { keptBits } from './kept-bits.ts';
import { keptSettings } from './kept-settings.ts';
import { showDownload } from './locate.ts';
import type { MachineSettings } from './machine-options.ts';
import { type EngineSettings, newFolder } from './options.ts';
import { thenGoOn } from './remedies.ts';
import { expectVerdict } from './required.ts';
import type { StoreSettings } from './store-options.ts';
import type { Workforce } from './workforce.ts';

/** The command that starts jobs of a kind. */
export function jobCommand(kind: Kind, summary: string): CliCommand {
  const { name, description, examples, stopping, presets } = kind;
  const { options, under } = jobOptions(kind);
  return defineCommand({
    ...{ name, summary, description, examples, options },
    ...(stopping !== undefined && { stopping }),
    defaults: under,
    async run(context) {
      const { options: asked } = context;
      const output = typeof asked.output === 'string' ? asked.output : newFolder();
      const warning = kind.warning?.(settingsIn(asked, kind));
      if (warning !== undefined) context.progress.note(warning);
      const given = givenSettings(context.given, presets);
      const run = () => runJobIn(output, kind, { asked, given, context });
      if (asked.ui !== true) return run();
      const { withPage } = await import('./job-page.ts');
      return withPage(output, run, context);
    },
  });
}

/** What a job is to do, and for whom. */
export interface Asked {
  /** Settings of the job, its stores and its engine, checked. */
  readonly asked: z.infer<z.ZodObject>;
  /** What `config.yaml` says of them. */
  readonly given: Settings;
  /** @default false */
  readonly resume?: boolean;
  readonly context: CommandContext<unknown>;
}

/** Runs a job to its end, or until Ctrl-C, on an engine of its own; shows what happens and what came of it. */
export async function runJobIn(
  output: string,
  kind: Kind,
  { asked, given, resume = false, context }: Asked,
): Promise<void> {
  const [
    { runJob },
    { showEvents },
    { finishStores, isLeft, openCourier, telling },
    { unfinishedJob },
  ] = await Promise.all([
    import('../jobs/run.ts'),
    import('./show-job.ts'),
    import('./stores.ts'),
    import('../disk/result-folder.ts'),
  ]);
  const config = settingsIn(asked, kind);
  const settings = asked as AllSettings;
  const bits = resume && settings.workers !== undefined ? await keptBits(output) : undefined;
  if (settings.versus !== undefined) {
    const { runVersusIn } = await import('./versus-job.ts');
    const { ablate = false } = settings;
    const detox = config as unknown as DetoxConfig;
    const going = { config: detox, ablate, engine: settings, given, resume, bits, context };
    return runVersusIn(output, going);
  }
  const courier = await openCourier(output, settings, { resume, context });
  let computing: Workforce | undefined;
  try {
    const wanted = { name: output, bits };
    computing = await openComputing(kind.policy?.(config), settings, { wanted, context });
    const { engine, aside, progress } = computing;
    const events = runJob(kind, config, {
      ...{ engine, aside, output, resume, version, signal: context.signal },
      given: keptSettings(given, settings, engine),
      downloading: showDownload(progress),
    });
    const shown = { kind, output, settings: config, courier, context: { ...context, progress } };
    const verdict = await showEvents(telling(events, courier), shown);
    if (!context.signal.aborted) expectVerdict(verdict, asked.require);
    const delivered = await finishStores(courier, context.signal);
    if (delivered.some(isLeft)) throw new Told();
  } catch (error) {
    throw (await unfinishedJob(output)) === undefined ? error : thenGoOn(error, output);
  } finally {
    await computing?.close();
    await finishStores(courier, context.signal, 'brokenOff');
  }
}

type AllSettings = EngineSettings & MachineSettings & StoreSettings & Partial<VersusSettings>;

/** Of options those of the job itself. */
export function settingsIn(asked: Settings, { schema }: Pick<Kind, 'schema'>): JobSettings {
  const own = Object.entries(asked).filter(([name]) => name in schema.shape);
  return Object.fromEntries(own) as unknown as JobSettings;
}
