import { isModule } from '../data/prompt.ts';
import { checkFingerprints, type Fingerprints, fingerprint } from '../disk/fingerprint.ts';
import { checkJson } from '../disk/json.ts';
import { ConfigError } from '../errors.ts';
import { locateSources } from '../hub/sources.ts';
import { type Found, type JobFolder, openFolder } from './folder.ts';
import type { Begun, Closable, JobContext, JobSettings, Kind, Settings } from './kind.ts';

/** A job that was found ready to begin, before anything large is loaded. */
export interface Beginning<Config extends JobSettings, Measures extends object>
  extends Begun<Config> {
  readonly folder: JobFolder<Measures> | undefined;
  readonly found: Found<Measures>;
  /** SHA-256 of what it reads; none where nothing is kept. */
  readonly fingerprints: Fingerprints;
  /** What it has taken so far. */
  readonly seconds: () => number;
}

/**
 * Finds what a job is to read and where it left off. A job that goes on takes from its beginning
 * what its settings leave open.
 * @throws {ConfigError} when it began with other settings or other files
 * @throws as `openFolder` and `locateSources`
 */
export async function beginJob<Config extends JobSettings, Measures extends object>(
  kind: Kind<Config, Measures>,
  settings: Config,
  context: JobContext,
): Promise<Beginning<Config, Measures>> {
  const start = performance.now();
  const { output, resume = false, signal, downloading: progress } = context;
  const opened: Closable[] = [];
  const { folder, found } = await openFolder(output, kind, resume);
  if (folder) opened.push(folder);
  try {
    const record = found.checkpoint?.record;
    const asked = record ? unchanged(kind, record.config, settings) : resolved(kind, settings);
    const { local, pinned } = await locateSources(asked, { signal, progress });
    const sources = folder ? await kind.sources(local) : {};
    const fingerprints = await fingerprint(sources);
    if (record) checkFingerprints(record.fingerprints, fingerprints, sources);
    const before = record?.seconds ?? 0;
    const seconds = () => before + (performance.now() - start) / 1000;
    return { local, pinned, context, opened, folder, found, fingerprints, seconds };
  } catch (error) {
    await folder?.close();
    throw error;
  }
}

type Schema<Config extends JobSettings> = Pick<
  Kind<Config>,
  'schema' | 'mayDiffer' | 'leftOpen' | 'formerly' | 'resolve'
>;

function resolved<Config extends JobSettings>(kind: Schema<Config>, settings: Config): Config {
  return kind.resolve?.(settings) ?? settings;
}

function isPromptModule(value: unknown): boolean {
  return typeof value === 'string' && isModule(value);
}

/** The settings, with what they leave open as it was; refuses others than those of then. */
export function unchanged<Config extends JobSettings>(
  kind: Schema<Config>,
  stored: Settings,
  settings: Config,
): Config {
  const named = { ...kind.formerly, ...stored };
  const then = resolved(kind, checkJson(named, 'checkpoint', kind.schema) as unknown as Config);
  const open = (kind.leftOpen ?? []).filter((name) => settings[name] === undefined);
  const kept = Object.fromEntries(open.map((name) => [name, then[name]]));
  const now = resolved(kind, { ...settings, ...kept });
  const told = (value: unknown) => JSON.stringify(value) ?? 'none';
  for (const name of Object.keys(kind.schema.shape)) {
    const [expected, actual] = [told(then[name]), told(now[name])];
    if (kind.mayDiffer.includes(name) || expected === actual) continue;
    // the place of a file; what it holds is checked
    if (name === 'promptTemplate' && [then[name], now[name]].every(isPromptModule)) continue;
    const remedy = 'Put it back, or start a new run.';
    throw new ConfigError(name, `${expected}, with which the run began`, actual, remedy);
  }
  return now;
}
