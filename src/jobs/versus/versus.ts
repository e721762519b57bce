/** I/O: the same run under several semantics, one after the other, each in a folder of its own. */
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeFileAtomic } from '../../disk/atomic.ts';
import { checkFingerprints } from '../../disk/fingerprint.ts';
import { configName, expectFree, jobIn, makeFolder, versusName } from '../../disk/result-folder.ts';
import type { RunEvent, RunFacts, RunMeasures } from '../../events.ts';
import { revisionOf } from '../../hub/revision.ts';
import { semanticsMarkdown } from '../../report/several/semantics.ts';
import type { Semantics } from '../../report/several/several.ts';
import { unchanged } from '../begin.ts';
import type { DetoxConfig } from '../detox/config.ts';
import { detoxKind } from '../detox/detox.ts';
import { type RunRecord, readRun } from '../detox/record.ts';
import type { JobContext, Settings } from '../kind.ts';
import { runJob } from '../run.ts';
import { differencesOf, shownRun } from './shown.ts';
import { idleCorrections, settingsOf, type Variant, variantsOf } from './variants.ts';

/** What happens: in one of the runs, or in the end. */
export type VersusEvent =
  | {
      /** `known`: it had been finished before. */
      readonly type: 'began' | 'known';
      readonly run: string;
      readonly place: number;
      readonly of: number;
    }
  | { readonly type: 'event'; readonly run: string; readonly event: RunEvent }
  | { readonly type: 'compared'; readonly semantics: Semantics };

/** Where the runs go, and which there are. */
export interface VersusContext extends JobContext {
  readonly output: string;
  /** Whether each correction is left out alone as well. */
  readonly ablate: boolean;
}

/**
 * Runs all of them, on the same files with the same seed, and compares what their policies answer to
 * the same prompts. To go on, what is finished is read, and the others are gone on with.
 * @throws {ConfigError} when settings or files are not those of the runs that are there
 * @throws as `runJob`
 */
export async function* runVersus(
  config: DetoxConfig,
  { ablate, given = config, ...context }: VersusContext,
): AsyncGenerator<VersusEvent> {
  const { output, resume = false, signal } = context;
  const variants = variantsOf(config, { ablate });
  if (!resume) await begin(output, { ...given, versus: 'compat', ablate });
  const runs: RunRecord[] = [];
  for (const [i, variant] of variants.entries()) {
    const { name, over } = variant;
    const settings = { ...settingsOf(config, variant), ...commitsOf(runs[0]) };
    const folder = join(output, name);
    const isThere = resume && (await jobIn(folder))?.finished === true;
    yield { type: isThere ? 'known' : 'began', run: name, place: i + 1, of: variants.length };
    if (!isThere) {
      const ofRun = { ...context, output: folder, given: { ...given, ...over } };
      const events = runJob<DetoxConfig, RunMeasures, RunFacts>(detoxKind, settings, ofRun);
      for await (const event of events) yield { type: 'event', run: name, event };
      if (signal?.aborted) return;
    }
    const run = await readRun(folder);
    checkSame(run, settings, runs[0] ?? run);
    runs.push(run);
  }
  const semantics = semanticsOf(variants, runs, config);
  await writeFileAtomic(join(output, versusName), `${JSON.stringify(semantics, null, 2)}\n`);
  const { language } = config;
  await writeFileAtomic(join(output, 'report.md'), semanticsMarkdown(semantics, { language }));
  yield { type: 'compared', semantics };
}

async function begin(output: string, given: Settings): Promise<void> {
  await expectFree(output);
  await makeFolder(output);
  await writeFileAtomic(join(output, configName), stringify(given, { lineWidth: 0 }));
}

/** The commits that the first run took from the hub: all read the same. */
function commitsOf(first: RunRecord | undefined): Partial<DetoxConfig> {
  const config = first?.started.config ?? {};
  const names = Object.values(revisionOf).filter((name) => config[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, config[name]]));
}

/** @throws {ConfigError} when a run had other settings, or read other files than the first */
function checkSame({ started }: RunRecord, settings: DetoxConfig, first: RunRecord): void {
  unchanged(detoxKind, started.config, settings);
  const [then, now] = [first, { started }].map((run) => run.started.fingerprints ?? {});
  checkFingerprints(then, now, {}, `in the run ${first.folder}`);
}

function semanticsOf(
  variants: readonly Variant[],
  runs: readonly RunRecord[],
  config: DetoxConfig,
): Semantics {
  const [first] = runs;
  const [{ name: plain }, ...others] = variants;
  const pairs = others.map(({ name }, i) => ({
    ...{ first, second: runs[i + 1] },
    names: [plain, name] as const,
  }));
  const costs = differencesOf(pairs);
  return {
    seed: config.seed,
    runs: variants.map(({ name, without }, i) => ({
      ...shownRun(runs[i], name),
      ...(without !== undefined && { without }),
      ...(i > 0 && { cost: costs[i - 1] }),
    })),
    idle: idleCorrections(config),
  };
}
