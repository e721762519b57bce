/** I/O: the reports of a finished run, made again from what lies in its folder. */
import { join } from 'node:path';
import type { Comparison, Verdict } from '../../comparison.ts';
import { exists, writeFileAtomic } from '../../disk/atomic.ts';
import { outputInstead, writingTo } from '../../disk/words.ts';
import { compareSamples } from '../../eval/compare.ts';
import type { RunEvent } from '../../events.ts';
import { evaluationFiles } from '../../report/several/evaluation.ts';
import { type Language, languageOf } from '../../report/words/language.ts';
import { comparisonFiles } from './files.ts';
import { type RunRecord, readRun } from './record.ts';
import { type References, referencesOf } from './references.ts';
import { reportFiles } from './report.ts';

/** What was written. */
export interface Remade {
  /** Paths. */
  readonly files: readonly string[];
  /** Missing where one policy alone was measured. */
  readonly verdict?: Verdict;
}

/**
 * Writes the reports again: what was measured is read, the statistics are made anew.
 * @throws as `readRun`
 */
export async function remakeReports(
  folder: string,
  { language }: { readonly language?: Language | undefined } = {},
): Promise<Remade> {
  const run = await readRun(folder);
  const { references } = await referencesOf(run);
  const comparison = comparedAgain(run, references);
  const events = run.events.map(
    (event): RunEvent =>
      event.type === 'compared' && comparison ? { ...event, comparison } : event,
  );
  const texts = comparison
    ? await reportFiles(events, { ...run, references }, language ?? languageOf(run.started.config))
    : evaluationFiles(events, language ?? languageOf(run.started.config));
  const files = Object.entries({ ...(await lostRows(run)), ...texts }).map(
    ([name, text]) => [join(folder, name), text] as const,
  );
  await writingTo({ path: folder, instead: outputInstead }, async () => {
    for (const [path, text] of files) await writeFileAtomic(path, text);
  });
  return {
    files: files.map(([path]) => path),
    ...(comparison && { verdict: comparison.verdict }),
  };
}

/** The rows that stores read, where they are gone, as the log has them. */
async function lostRows({ folder, comparison }: RunRecord): Promise<Record<string, string>> {
  const names = Object.entries(comparison ? comparisonFiles(comparison.rows) : {});
  const isLost = await Promise.all(
    names.map(async ([name]) => !(await exists(join(folder, name)))),
  );
  return Object.fromEntries(names.filter((_, i) => isLost[i]));
}

/** From the samples, by the settings of the run. */
function comparedAgain(
  { before, after, comparison, started }: RunRecord,
  references: References['references'],
): Comparison | undefined {
  if (!before || !comparison) return undefined;
  const { seed, rows, rougeStemmer, qualityLimit } = started.config;
  return compareSamples(before, after, {
    ...{ seed: Number(seed ?? 0), rows: Number(rows ?? comparison.rows.length), references },
    ...(rougeStemmer === true && { stemmer: true }),
    ...(typeof qualityLimit === 'number' && { qualityLimit }),
  });
}
