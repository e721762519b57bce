/** Where the settings of a job come from beside its flags. */
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import type { Note } from '../events.ts';
import { revisionOf } from '../hub/revision.ts';
import type { OtherFiles, Settings } from '../jobs/kind.ts';
import type { Under } from './command.ts';
import { type Known, readAssignments, readConfigFile, saidBy } from './config-file.ts';
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

/** What file and `--set` may say, and what lies under them. */
export interface Readable {
  readonly known: Known;
  /** What lies under all of these, of a preset. @default nothing */
  below?(said: Settings): Settings;
  /** Whose files are taken as well: with all that these may say. @default nobody's */
  readonly takes?:
    | (OtherFiles & {
        readonly known: Known;
        /** The command that takes them. */
        readonly by: string;
      })
    | undefined;
}

/**
 * Settings under those of the flags: of `--set`, and under it of the config file.
 * @param given what flags say
 * @throws {ConfigError} when the file or `--set` says what is unknown, wrong or said twice, or when
 *   a setting that was chosen has no effect
 */
export async function readSettings(
  given: Settings,
  { known, below = () => ({}), takes }: Readable,
): Promise<Under> {
  const { config, set = [], ...flags } = given;
  const path = typeof config === 'string' ? config : undefined;
  const read =
    path === undefined ? saidBy({}, String) : await readConfigFile(path, takes?.known ?? known);
  const own = takes?.own(read.values) ?? read.values;
  const strange = Object.keys(own).filter((name) => !Object.hasOwn(known.shape, name));
  const file = saidBy(omit(own, strange), read.where);
  const assigned = await readAssignments(set as string[], known);
  const twice = Object.keys(assigned.values).find((name) => name in flags);
  if (twice !== undefined) {
    throw new ConfigError(assigned.where(twice), 'each setting once', `${flagName(twice)} as well`);
  }
  const over = merge(assigned.values, flags);
  const kept = withOwnRevisions(file.values, over);
  const under = merge(below(merge(kept, over)), kept);
  const [settings, alone] = [merge(under, over), merge(below(file.values), file.values)];
  checkEffects(known, [settings], saidBy(flags, flagName));
  checkEffects(known, [settings], assigned);
  // a flag may leave nothing to do for a setting of the file, and is no fault of the file
  checkEffects(known, [settings, alone], saidBy(chosen(file.values, known), file.where));
  const where = (name: string) =>
    [assigned, file].find(({ values }) => name in values)?.where(name);
  const notes = [
    ...leftOut(strange, path, takes?.by),
    ...(path === undefined ? [] : ((await takes?.notes(path, over)) ?? [])),
  ];
  const said = merge(kept, assigned.values);
  return { values: merge(under, assigned.values), said, where, notes };
}

/** Of settings that the file of another kind has and that are none here. */
function leftOut(names: readonly string[], path = '', command = ''): Note[] {
  if (names.length === 0) return [];
  const says = `${path} has settings that ${command} does not have, and they are left out: ${names.join(', ')}.`;
  return [{ says }];
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
