/** Where the settings of a job come from beside its flags. */
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { revisionOf } from '../hub/revision.ts';
import type { Settings } from '../jobs/kind.ts';
import type { Under } from './command.ts';
import { type Known, readAssignments, readConfigFile, type Said, saidBy } from './config-file.ts';
import { checkEffects, chosen } from './effects.ts';
import { flagName } from './flags.ts';
import { file } from './options.ts';
import { merge } from './values.ts';

/** Options that name settings. */
export const sourceOptions = {
  config: file('Settings as YAML, for instance the config.yaml of a run').optional(),
  set: z
    .array(z.string())
    .default([])
    .meta({ placeholder: 'name=value', whole: true })
    .describe('A setting by its name in a config file, for instance training.seed=3'),
};

/**
 * Settings under those of the flags: of `--set`, and under it of the config file.
 * @param given what flags say
 * @param known what file and `--set` may say
 * @param below what lies under all of these, of a preset
 * @throws {ConfigError} when the file or `--set` says what is unknown, wrong or said twice, or when
 *   a setting that was chosen has no effect
 */
export async function readSettings(
  given: Settings,
  known: Known,
  below: (said: Settings) => Settings = () => ({}),
): Promise<Under> {
  const { config, set = [], ...flags } = given;
  const file: Said =
    typeof config === 'string' ? await readConfigFile(config, known) : saidBy({}, String);
  const assigned = await readAssignments(set as string[], known);
  const twice = Object.keys(assigned.values).find((name) => name in flags);
  if (twice !== undefined) {
    throw new ConfigError(assigned.where(twice), 'each setting once', `${flagName(twice)} as well`);
  }
  const over = merge(assigned.values, flags);
  const own = withOwnRevisions(file.values, over);
  const under = merge(below(merge(own, over)), own);
  const [settings, alone] = [merge(under, over), merge(below(file.values), file.values)];
  checkEffects(known, [settings], saidBy(flags, flagName));
  checkEffects(known, [settings], assigned);
  // a flag may leave nothing to do for a setting of the file, and is no fault of the file
  checkEffects(known, [settings, alone], saidBy(chosen(file.values, known), file.where));
  const where = (name: string) =>
    [assigned, file].find(({ values }) => name in values)?.where(name);
  return { values: merge(under, assigned.values), said: merge(own, assigned.values), where };
}

/** A file's settings without revisions of what is named otherwise over them. */
function withOwnRevisions(file: Settings, over: Settings): Settings {
  const stale = Object.entries(revisionOf).filter(
    ([name]) => name in over && over[name] !== file[name],
  );
  return omit(
    file,
    stale.map(([, revision]) => revision),
  );
}

/** Settings without some. */
export function omit(settings: Settings, names: readonly string[]): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name)));
}
