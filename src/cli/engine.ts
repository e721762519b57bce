/** Starts the engine of a command. */
import type { Engine } from '../runtime/engine.ts';
import type { CommandContext } from './command.ts';
import { located } from './locate.ts';
import type { EngineSettings } from './options.ts';

/** The model whose size decides what `auto` is. */
export interface Policy {
  readonly model: string;
  readonly revision?: string | undefined;
}

/**
 * The engine of a command. The policy's model is fetched and looked at where `auto` has to know its size.
 * @param policy that answers or is taught by examples; undefined for other work, of which it is not known
 *   that OpenVINO is better. Of detox it is known that two runs with models of random weights were
 *   refused in bf16: what one pass samples and another scores differ too much.
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
