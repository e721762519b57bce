/** I/O: finished runs beside each other. */

import { join, resolve } from 'node:path';
import { z } from 'zod';
import { exists } from '../../disk/atomic.ts';
import { readJson } from '../../disk/json.ts';
import { versusName } from '../../disk/result-folder.ts';
import { ConfigError } from '../../errors.ts';
import { mean } from '../../eval/sums.ts';
import { pareto } from '../../eval/why/pareto.ts';
import type { ParetoPoint } from '../../explanation.ts';
import { differing } from '../../report/several/differing.ts';
import type { Answers, SideBySide } from '../../report/several/several.ts';
import { type RunRecord, readRun } from '../detox/record.ts';
import { settingsOfJob } from '../schemas.ts';
import { answersOf } from './answers.ts';
import { differencesOf, shownRun } from './shown.ts';

/**
 * Reads finished runs and holds each against the first. The folder of `detox --versus` stands for all
 * of its runs.
 * @throws {ConfigError} when there are fewer than two, or two without a prompt in common
 * @throws as `readRun`
 */
export async function sideBySide(folders: readonly string[]): Promise<SideBySide> {
  const all = (await Promise.all(folders.map(runsIn))).flat();
  if (all.length < 2) {
    throw new ConfigError('compare', 'two runs or more', `${all.length}`, 'Name their folders.');
  }
  const runs: RunRecord[] = [];
  for (const folder of all) runs.push(await readRun(folder));
  const names = namesOf(all);
  const pairs = runs.slice(1).map((second, i) => {
    return { first: runs[0], second, names: [names[0], names[i + 1]] as const };
  });
  const differences = differencesOf(pairs);
  const answers = answersOf(runs.map(({ after }) => after));
  return {
    runs: runs.map((run, i) => shownRun(run, names[i])),
    settings: differing(
      runs.map(({ started }) => started.config),
      runs.map(({ started }) => settingsOfJob(started.job)),
    ),
    files: differing(runs.map(({ started }) => started.fingerprints ?? {})).map(({ name }) => name),
    ...{ differences, answers, prompts: answers.length },
    pareto: pareto(names.map((name, at) => pointOf(name, at, answers))),
  };
}

/** What a run is worth on the prompts that all measured; with ROUGE where it was measured on all. */
function pointOf(name: string, at: number, answers: readonly Answers[]): ParetoPoint {
  const own = answers.map(({ responses }) => responses[at]);
  const rouge1 = own.flatMap((response) => response.rouge1 ?? []);
  return {
    name,
    reward: mean(own.map(({ reward }) => reward)),
    toxicity: mean(own.map(({ toxicity }) => toxicity)),
    ...(rouge1.length === own.length && { rouge1: mean(rouge1) }),
  };
}

/** The runs of a comparison of semantics, or the folder itself. */
async function runsIn(folder: string): Promise<string[]> {
  const path = join(folder, versusName);
  if (!(await exists(path))) return [folder];
  const { runs } = await readJson(
    path,
    z.looseObject({ runs: z.array(z.looseObject({ name: z.string() })) }),
  );
  return runs.map(({ name }) => join(folder, name));
}

/** The last parts of the paths, as many as it takes to tell them apart. */
function namesOf(folders: readonly string[]): string[] {
  const parts = folders.map((folder) => resolve(folder).split(/[\\/]/));
  const longest = Math.max(...parts.map(({ length }) => length));
  for (let count = 1; count < longest; count++) {
    const names = parts.map((one) => one.slice(-count).join('/'));
    if (new Set(names).size === names.length) return names;
  }
  return folders.map((folder, i) => `${i + 1}: ${folder}`);
}
