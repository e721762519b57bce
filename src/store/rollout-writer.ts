/** I/O: writes a run's `rollouts/`, which rollouts.ts reads. Format: docs/formats.md. */
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  exists,
  mendFolder,
  removeFolderAtomic,
  unlessMissing,
  writeFileAtomic,
} from '../disk/atomic.ts';
import type { RolloutRow } from '../rollouts.ts';
import {
  keptSteps,
  queriesName,
  readQueries,
  readRollouts,
  rolloutsName,
  stepFile,
} from './rollouts.ts';

/** Keeps rollouts, step after step. */
export interface RolloutWriter {
  /**
   * On disk, whole, when the promise resolves.
   * @param queries texts by the hashes that the rows name
   */
  write(
    step: number,
    rows: readonly RolloutRow[],
    queries: ReadonlyMap<string, string>,
  ): Promise<void>;
}

/** @param keep so many of the last steps with their tokens, the older ones without @default all */
export function rolloutWriter(folder: string, keep = Number.POSITIVE_INFINITY): RolloutWriter {
  let known: Set<string> | undefined;
  /** Steps that still have their tokens, ascending. */
  let full: number[] | undefined;
  return {
    async write(step, rows, queries) {
      known ??= new Set((await readQueries(folder)).keys());
      full ??= await fullSteps(folder, keep);
      const fresh = [...queries].filter(([hash]) => !known?.has(hash));
      await Promise.all([appendQueries(folder, fresh), writeStep(folder, step, rows)]);
      for (const [hash] of fresh) known.add(hash);
      full.push(step);
      for (const old of full.splice(0, Math.max(0, full.length - keep)))
        await writeStep(folder, old, (await readRollouts(folder, old)).map(withoutTokens));
    },
  };
}

/**
 * Takes back what came after a step, the last first, and what a killed writer left; with 0 all.
 * Call it before the log tells that the run begins or goes on there.
 */
export async function dropRollouts(folder: string, after: number): Promise<void> {
  const directory = join(folder, rolloutsName);
  if (!(await exists(directory))) return;
  if (after === 0) return removeFolderAtomic(directory);
  await mendFolder(directory);
  const later = (await keptSteps(folder)).filter((step) => step > after);
  for (const step of later.reverse()) await rm(join(directory, stepFile(step)));
  await mendQueries(join(directory, queriesName));
}

async function writeStep(folder: string, step: number, rows: readonly RolloutRow[]) {
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const bytes = gzipSync(lines, { level: 1 }); // 1 ms; another thread would take longer to begin
  await writeFileAtomic(join(folder, rolloutsName, stepFile(step)), bytes);
}

/** Those that have tokens are the last ones; where all are kept nobody asks. */
async function fullSteps(folder: string, keep: number): Promise<number[]> {
  if (keep === Number.POSITIVE_INFINITY) return [];
  const full: number[] = [];
  for (const step of (await keptSteps(folder)).reverse()) {
    const rows = await readRollouts(folder, step);
    if (rows.every(({ tokens }) => tokens === undefined)) break;
    full.unshift(step);
  }
  return full;
}

function withoutTokens({ tokens, ...row }: RolloutRow): RolloutRow {
  return row;
}

async function appendQueries(
  folder: string,
  queries: readonly (readonly [hash: string, text: string])[],
): Promise<void> {
  if (queries.length === 0) return;
  const directory = join(folder, rolloutsName);
  await mkdir(directory, { recursive: true });
  const file = await open(join(directory, queriesName), 'a');
  try {
    const lines = queries.map(([query, text]) => `${JSON.stringify({ query, text })}\n`);
    await file.appendFile(lines.join(''));
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Cuts off a last line that was being written. */
async function mendQueries(path: string): Promise<void> {
  const content = await readFile(path).catch(unlessMissing(Buffer.alloc(0)));
  const end = content.lastIndexOf(0x0a) + 1;
  if (end === content.length) return;
  const file = await open(path, 'r+');
  await file.truncate(end).finally(() => file.close());
}
