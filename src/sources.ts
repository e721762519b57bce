/** What jobs and commands read, by the names that users give: paths, or repositories of the hub. I/O. */
import { basename, dirname } from 'node:path';
import { type LocateOptions, locateAdapter, locateData, locateModel } from './hub/locate.ts';

/** Settings that name something to read, and which revision of it. */
export interface Named {
  readonly model?: string | undefined;
  readonly adapter?: string | undefined;
  readonly rewardModel?: string | undefined;
  readonly data?: string | undefined;
  readonly testData?: string | undefined;
  readonly revision?: string | undefined;
  readonly adapterRevision?: string | undefined;
  readonly rewardRevision?: string | undefined;
  readonly dataRevision?: string | undefined;
}

/** Settings whose names are paths on this disk, and what they were found as. */
export interface Located<Settings> {
  /** The settings with paths in place of names. */
  readonly local: Settings;
  /** The settings with the commits that revisions stand for now. */
  readonly pinned: Settings;
}

/** How each name is found, and where its revision stands; other test data has none. */
const kinds = [
  ['model', locateModel, 'revision'],
  ['adapter', locateAdapter, 'adapterRevision'],
  ['rewardModel', locateModel, 'rewardRevision'],
  ['data', locateData, 'dataRevision'],
  ['testData', locateData, undefined],
] as const;

/**
 * Finds what settings name, on this disk or on the hub, from which it is fetched where the hub's
 * cache lacks it.
 * @throws as `locateModel`
 */
export async function locateSources<Settings extends Named>(
  settings: Settings,
  options: Omit<LocateOptions, 'revision'> = {},
): Promise<Located<Settings>> {
  const paths: Record<string, string> = {};
  const commits: Record<string, string> = {};
  for (const [name, locate, revisionName] of kinds) {
    const given = settings[name];
    if (given === undefined) continue;
    const revision = revisionName && settings[revisionName];
    const path = await locate(given, { ...options, ...(revision !== undefined && { revision }) });
    paths[name] = path;
    const commit = path === given ? undefined : commitOf(path);
    if (revisionName && commit !== undefined) commits[revisionName] = commit;
  }
  return { local: { ...settings, ...paths }, pinned: { ...settings, ...commits } };
}

/** Of a folder in the hub's cache: `…/snapshots/<commit>`. */
function commitOf(path: string): string | undefined {
  return basename(dirname(path)) === 'snapshots' ? basename(path) : undefined;
}
