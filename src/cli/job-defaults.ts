/** What settings of a job come to where nobody gives them. Pure. */
import type { JobSettings, Kind, Settings } from '../jobs/kind.ts';
import type { Known } from './config-file.ts';
import { jobOptions } from './job-options.ts';

/**
 * By name, what each setting would be if it were left out: as a preset has it, as it follows from the
 * others, or its default. What is given may be wrong, which other places tell.
 */
export function jobDefaults(kind: Kind, given: Settings): Settings {
  const { known } = jobOptions(kind);
  const whole = settled(kind, known, given);
  const own = Object.keys(given).map((name) => {
    const { [name]: _, ...others } = given;
    return [name, settled(kind, known, others)[name]] as const;
  });
  return { ...whole, ...Object.fromEntries(own) };
}

/** All settings that these lead to. */
function settled(kind: Kind, { shape }: Known, given: Settings): Settings {
  const preset = kind.presets?.nameFor(given);
  const under = preset === undefined ? {} : (kind.presets?.settings(preset, given) ?? {});
  const values = Object.entries(shape).flatMap(([name, field]) => {
    const [first] = [given[name], (under as Settings)[name]].filter(
      (value) => value !== undefined && field.safeParse(value).success,
    );
    const value = field.safeParse(first);
    return value.success && value.data !== undefined ? [[name, value.data] as const] : [];
  });
  const settings = Object.fromEntries(values);
  try {
    return kind.resolve?.(settings as unknown as JobSettings) ?? settings;
  } catch {
    return settings; // they contradict each other: nothing follows from them
  }
}
