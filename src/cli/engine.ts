/** Starts the engine of a command. */
import type { Engine } from '../runtime/engine.ts';
import type { CommandContext } from './command.ts';
import { located } from './locate.ts';
import type { MachineSettings } from './machine-options.ts';
import { type EngineSettings, engineAndRest } from './options.ts';
import type { Wanted, Workforce } from './workforce.ts';

/**
 * Who computes for a command: the workers at `workers`, or an engine here.
 * @param policy as `startEngineFor`
 * @param wanted of workers
 */
export async function openComputing(
  policy: Policy | undefined,
  settings: EngineSettings & MachineSettings,
  {
    wanted,
    context,
  }: {
    readonly wanted: Wanted;
    readonly context: Pick<CommandContext<unknown>, 'progress' | 'signal' | 'names'>;
  },
): Promise<Workforce> {
  const { workers, rowsPerRun } = settings;
  if (workers !== undefined) {
    const { openWorkforce } = await import('./workforce.ts');
    return openWorkforce({ ...settings, workers }, wanted, context);
  }
  const started = await startEngineFor(policy, engineAndRest(settings).engine, context);
  const here = { ...started, rowsPerRun: rowsPerRun || undefined };
  return { engine: here, aside: () => [], progress: context.progress, close: () => here.close() };
}

/** The model whose size decides what `auto` is. */
export interface Policy {
  readonly model: string;
  readonly revision?: string | undefined;
}

/**
 * The engine of a command. The policy's model is fetched and looked at where `auto` has to know its size.
 * @param policy that answers or learns; undefined for other work, of which it is not known that OpenVINO is
 *   better
 */
export async function startEngineFor(
  policy: Policy | undefined,
  settings: EngineSettings,
  context: Pick<CommandContext<unknown>, 'progress' | 'signal'>,
): Promise<Engine> {
  const { startEngine } = await import('../runtime/select.ts');
  if (!policy) return startEngine(settings);
  const { model, revision } = policy;
  const work = async () => {
    const { workOf } = await import('../model/work.ts');
    const { model: folder } = await located({ model, revision }, context);
    return workOf(folder);
  };
  return startEngine({ ...settings, work });
}
