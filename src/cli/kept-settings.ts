/** What a run's folder keeps of the settings of who computes. Pure. */
import type { Settings } from '../jobs/kind.ts';
import type { Engine } from '../runtime/engine.ts';
import { type MachineSettings, withoutPassword } from './machine-options.ts';
import { withEngine } from './options.ts';

/** What `config.yaml` says of who computes: the engine here, or where the workers are. */
export function keptSettings(
  given: Settings,
  { workers }: Pick<MachineSettings, 'workers'>,
  engine: Engine,
): Settings {
  return workers === undefined ? withEngine(given, engine) : withoutPassword(given);
}
