/** What jobs and commands read, by the names that users give: paths, or repositories of the hub. I/O. */
import { basename, dirname } from 'node:path';
import { ConfigError } from '../errors.ts';
import {
  expectOnHub,
  type LocateOptions,
  locateAdapter,
  locateData,
  locateModel,
  locatePolicy,
} from './locate.ts';
import { revisionOf } from './revision.ts';

/** Settings that name something to read, and which revision of it. */
export type Named = {
  readonly [Field in Name | (typeof revisionOf)[Name]]?: string | undefined;
} & {
  /** Models, each with its revision behind an @ if it has one, and lists of words. */
  readonly judge?: readonly string[] | undefined;
};
type Name = keyof typeof revisionOf;

/** Settings whose names are paths on this disk, and what they were found as. */
export interface Located<Settings> {
  /** The settings with paths in place of names. */
  readonly local: Settings;
  /** The settings with the commits that revisions stand for now. */
  readonly pinned: Settings;
}

const finders = {
  model: locateModel,
  adapter: locateAdapter,
  against: locateAgainst,
  rewardModel: locateModel,
  toxicityModel: locateModel,
  data: locateData,
  testData: locateData,
};

/** In place of an adapter or a model: the model without an adapter. */
export const nothing = 'none';

/** A policy to measure against. */
async function locateAgainst(name: string, options: LocateOptions): Promise<string> {
  return name === nothing ? name : locatePolicy(name, options);
}

/** As a judge: the list of words that comes with tactful. */
export const ownWords = 'words';

/** Whether a judge is a list of words, and no model. */
export function isWordList(judge: string): boolean {
  return /\.txt$/i.test(judge);
}

/**
 * Finds what settings name, on this disk or on the hub, from which it is fetched where the hub's
 * cache lacks it.
 * @throws {ConfigError} when a revision is given of what is not named, or lies on this disk
 * @throws as `locateModel`
 */
export async function locateSources<Settings extends Named>(
  settings: Settings,
  options: Omit<LocateOptions, 'revision'> = {},
): Promise<Located<Settings>> {
  const paths: Record<string, string> = {};
  const commits: Record<string, string> = {};
  const names = Object.keys(revisionOf) as Name[];
  for (const name of names) await checkRevision(settings, name); // before anything is fetched
  for (const name of names) {
    const [given, revision] = [settings[name], settings[revisionOf[name]]];
    if (given === undefined) continue;
    const path = await finders[name](given, { ...options, revision });
    paths[name] = path;
    const commit = path === given ? undefined : commitOf(path);
    if (commit !== undefined) commits[revisionOf[name]] = commit;
  }
  const judges = settings.judge && (await locateJudges(settings.judge, options));
  return {
    local: { ...settings, ...paths, ...(judges && { judge: judges.local }) },
    pinned: { ...settings, ...commits, ...(judges && { judge: judges.pinned }) },
  };
}

/** `owner/name@revision` is one of the hub, unless something of that name lies here. */
async function locateJudges(
  names: readonly string[],
  options: Omit<LocateOptions, 'revision'>,
): Promise<{ readonly local: string[]; readonly pinned: string[] }> {
  const [local, pinned]: string[][] = [[], []];
  for (const given of names) {
    const [, name = given, revision] = /^([\w.-]+\/[\w.-]+)@(.+)$/.exec(given) ?? [];
    const isNone = given === ownWords || given === 'none';
    const path =
      isNone || isWordList(given) ? given : await locateModel(name, { ...options, revision });
    const commit = path === given ? undefined : commitOf(path);
    local.push(path);
    pinned.push(commit === undefined ? given : `${name}@${commit}`);
  }
  return { local, pinned };
}

async function checkRevision(settings: Named, name: Name): Promise<void> {
  const setting = revisionOf[name];
  if (settings[setting] === undefined) return;
  const given = settings[name];
  if (given !== undefined) return expectOnHub(given, setting);
  const remedy = `Leave \`${setting}\` out.`;
  throw new ConfigError(`\`${setting}\``, `\`${name}\` beside it`, 'none', remedy);
}

/** Of a folder in the hub's cache: `…/snapshots/<commit>`. */
function commitOf(path: string): string | undefined {
  return basename(dirname(path)) === 'snapshots' ? basename(path) : undefined;
}
