/** Names of settings, alone or with the short name of their heading: `steps`, `ppo.steps`, `lora.rank`. */
import { ConfigError, didYouMean } from '../errors.ts';
import type { Setting } from '../settings/setting.ts';
import { groups } from './headings.ts';

/** The settings of each group: the name within the group, and the setting's own. */
export function groupNames(flags: readonly Setting[]): Map<string, Map<string, string>> {
  const settings = flags.map(({ path, group }) => ({ name: path[0], group }));
  const known = new Set(settings.map(({ group }) => group));
  const whole = Object.entries(groups).filter(([, headings]) =>
    headings.every((one) => known.has(one)),
  );
  const tables = whole.map(([group, headings]) => {
    const inside = settings.filter(
      ({ name, group: heading }) =>
        startsWithWord(name, group) || (heading !== undefined && headings.includes(heading)),
    );
    const short = inside.filter(({ name }) => startsWithWord(name, group));
    const names = [
      ...inside.map(({ name }) => [name, name] as const),
      ...short.map(({ name }) => [lowered(name.slice(group.length)), name] as const),
    ];
    return [group, new Map(names)] as const;
  });
  return new Map(tables);
}

/** `loraRank` after `lora`, not `target` after `t`. */
function startsWithWord(name: string, word: string): boolean {
  return name.startsWith(word) && /^[A-Z]/.test(name.slice(word.length));
}

function lowered(word: string): string {
  return word[0].toLowerCase() + word.slice(1);
}

/**
 * The setting that a name means.
 * @param where the name stands, for messages
 * @throws {ConfigError} when there is none, with the likely one
 */
export function settingOf(where: string, name: string, flags: readonly Setting[]): string {
  const names = flags.map(({ path }) => path[0]);
  if (names.includes(name)) return name;
  const tables = [...groupNames(flags)];
  const [group, inner] = name.split(/\.(.*)/s);
  const found = tables.find(([known]) => known === group)?.[1].get(inner ?? '');
  if (found !== undefined) return found;
  const dotted = tables.flatMap(([known, table]) =>
    [...table.keys()].map((key) => `${known}.${key}`),
  );
  const near = didYouMean(name, inner === undefined ? names : dotted);
  throw new ConfigError(
    where,
    'a known setting',
    `"${name}"`,
    near || didYouMean(inner ?? '', names),
  );
}
