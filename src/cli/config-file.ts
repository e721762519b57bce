/** Settings out of a YAML file and out of `--set`. I/O: reads the file. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { unread } from '../disk/words.ts';
import { ConfigError, InputError } from '../errors.ts';
import type { Settings } from '../jobs/kind.ts';
import { list } from '../report/text.ts';
import { typesOf } from '../settings/fields.ts';
import { mismatch, type Setting, settingsOf } from '../settings/setting.ts';
import { unescaped } from './flags.ts';
import { groupNames, settingOf } from './setting-names.ts';
import { isObject } from './values.ts';

/** Settings, and where each was said, for messages: `mine.yaml:3 steps`. */
export interface Said {
  readonly values: Readonly<Record<string, unknown>>;
  where(name: string): string;
}

/** Settings that are all said in one way. */
export function saidBy(values: Said['values'], where: Said['where']): Said {
  return { values, where };
}

/** What may be said. */
export type Known = z.ZodObject<Readonly<Record<string, z.ZodType>>>;

/** One setting as it was said. */
interface Entry {
  /** File and line, or `--set`. */
  readonly place: string;
  /** As it is written, perhaps with a group: `kl.target`. */
  readonly name: string;
  readonly value: unknown;
}

/**
 * Settings of a config file. Those of a group may stand in a mapping of its name: `kl: { target: 6 }`.
 * @param known all that the file may say
 * @throws {UnavailableError} when the file cannot be read
 * @throws {InputError} when it is no YAML mapping
 * @throws {ConfigError} when a setting is unknown, wrong or said twice, with its line
 */
export async function readConfigFile(path: string, known: Known): Promise<Said> {
  const flags = settingsOf(known);
  const groups = groupNames(flags);
  const { values, lineOf } = await parsed(path, await readText(path));
  const entries = Object.entries(values).flatMap(([name, value]): Entry[] => {
    const place = `${path}:${lineOf([name])}`;
    if (!groups.has(name) || !isObject(value)) return [{ place, name, value }];
    return Object.entries(value).map(([inner, one]) => ({
      place: `${path}:${lineOf([name, inner])}`,
      name: `${name}.${inner}`,
      value: one,
    }));
  });
  return checked(entries, known, flags);
}

/**
 * Settings of `--set name=value`, whose values are YAML.
 * @throws {ConfigError} when a setting is unknown, wrong or said twice
 * @throws {InputError} when a value is no YAML
 */
export async function readAssignments(texts: readonly string[], known: Known): Promise<Said> {
  if (texts.length === 0) return saidBy({}, String);
  const flags = settingsOf(known);
  const { parse } = await import('yaml');
  const place = '--set';
  const pairs = texts.map((text): [name: string, raw: string] => {
    const [name, raw] = text.split(/=(.*)/s);
    if (raw === undefined) throw new ConfigError(place, 'name=value', `"${text}"`);
    return [name, raw];
  });
  const settings = await Promise.all(pairs.map(([name]) => settingHere(place, name, flags)));
  const entries = pairs.map(([name, raw], i): Entry => {
    const { schema } = flagOf(settings[i], flags);
    const types = typesOf(schema);
    // `{dialogue} …` would be a mapping that YAML cannot read
    if (schema.escapes && !raw.startsWith('"')) return { place, name, value: unescaped(raw) };
    try {
      const value: unknown = parse(raw);
      // a commit of digits alone is a text all the same
      const isText = types.has('string') && types.size === 1 && typeof value !== 'string';
      return { place, name, value: isText ? raw : value };
    } catch (cause) {
      throw new InputError(`${place} ${name}`, 'a value as YAML', `"${raw}"`, '', cause);
    }
  });
  return checked(entries, known, flags);
}

/** Each setting by its own name, with a value that its schema takes. */
async function checked(
  entries: readonly Entry[],
  known: Known,
  flags: readonly Setting[],
): Promise<Said> {
  const values: Record<string, unknown> = {};
  const places = new Map<string, string>();
  for (const { place, name, value } of entries) {
    const setting = await settingHere(place, name, flags);
    const [where, before] = [`${place} ${name}`, places.get(setting)];
    if (before !== undefined)
      throw new ConfigError(where, 'each setting once', `${before} as well`);
    const { error } = known.shape[setting].safeParse(value);
    if (error) {
      const path = [setting, ...error.issues[0].path.map(String)];
      const { expected, actual, near } = mismatch(flagOf(setting, flags), path, {
        [setting]: value,
      });
      throw new ConfigError(where, expected, actual, near);
    }
    places.set(setting, where);
    values[setting] = value;
  }
  return saidBy(values, (name) => places.get(name) ?? name);
}

/** As `settingOf`; of what other jobs have it says so. */
async function settingHere(
  place: string,
  name: string,
  flags: readonly Setting[],
): Promise<string> {
  try {
    return settingOf(place, name, flags);
  } catch (error) {
    const { schemas } = await import('../jobs/schemas.ts');
    const jobs = Object.keys(schemas).filter((job) => Object.hasOwn(schemas[job].shape, name));
    if (jobs.length === 0) throw error;
    const remedy = `It is a setting of ${list(jobs)}: leave it out here.`;
    throw new ConfigError(place, 'a known setting', `"${name}"`, remedy);
  }
}

function flagOf(setting: string, flags: readonly Setting[]): Setting {
  return flags.find(({ path }) => path[0] === setting)!;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw unread(path, cause);
  }
}

/**
 * What a file says, unchecked.
 * @throws as `readConfigFile`, for what is no YAML mapping
 */
export async function readSettingsFile(path: string): Promise<Settings> {
  return (await parsed(path, await readText(path))).values;
}

/** The mapping of a YAML text, and the line of each key by its place. */
async function parsed(path: string, text: string) {
  const { isMap, isNode, LineCounter, parseDocument } = await import('yaml');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, logLevel: 'error' });
  let values: unknown;
  try {
    if (document.errors.length > 0) throw document.errors[0];
    values = document.toJS();
  } catch (cause) {
    const [message] = (cause as Error).message.split(/:?\n/);
    throw new InputError(path, 'YAML', 'something else', `${message}.`, cause);
  }
  if (!isObject(values)) {
    const remedy = 'A file to begin with is written by: npx tactful init';
    throw new InputError(path, 'settings as YAML, `name: value` a line', 'no mapping', remedy);
  }
  const lineOf = (keys: readonly string[]) => {
    let line = 1;
    let at: unknown = document.contents;
    for (const name of keys) {
      const pair = isMap(at) ? at.items.find(({ key }) => `${key}` === name) : undefined;
      if (isNode(pair?.key) && pair.key.range) line = lineCounter.linePos(pair.key.range[0]).line;
      at = pair?.value;
    }
    return line;
  };
  return { values, lineOf };
}
