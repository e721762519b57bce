/**
 * I/O: a run's `rollouts/`, read while it grows and after a kill: a file a step of gzipped JSON Lines,
 * whole or not there, and the texts of all queries once. Format: docs/formats.md.
 */
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { unlessMissing } from '../disk/atomic.ts';
import { logName } from '../disk/result-folder.ts';
import { InputError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import type { RolloutRow } from '../rollouts.ts';
import { readEvents } from './event-log.ts';
import type { RunRecord } from './store.ts';

export const rolloutsName = 'rollouts';
export const queriesName = 'queries.jsonl';

/** Name of the file of a step. */
export function stepFile(step: number): string {
  return `step-${String(step).padStart(6, '0')}.jsonl.gz`;
}

/** Steps of which a run has kept rollouts, ascending. */
export async function keptSteps(folder: string): Promise<number[]> {
  const names = await readdir(join(folder, rolloutsName)).catch(unlessMissing<string[]>([]));
  const steps = names.flatMap((name) => /^step-(\d+)\.jsonl\.gz$/.exec(name)?.[1] ?? []);
  return steps.map(Number).sort((a, b) => a - b);
}

/**
 * Of a step; none where nothing was kept, or where the step is just being taken back.
 * @throws {InputError} when its file is damaged
 */
export function readRollouts(folder: string, step: number): Promise<RolloutRow[]> {
  return readStep(folder, step, JSON.parse);
}

/**
 * Those of a step without their tokens, most of which is then not even looked at.
 * @throws {InputError} when its file is damaged
 */
export function readRolloutHeads(folder: string, step: number): Promise<RolloutRow[]> {
  return readStep(folder, step, headOf);
}

async function readStep(
  folder: string,
  step: number,
  rowOf: (line: string) => RolloutRow,
): Promise<RolloutRow[]> {
  const path = join(folder, rolloutsName, stepFile(step));
  const bytes = await readFile(path).catch(unlessMissing(undefined));
  if (bytes === undefined) return [];
  try {
    const text = (await promisify(gunzip)(bytes)).toString();
    return text.split('\n').flatMap((line) => (line === '' ? [] : [rowOf(line)]));
  } catch (cause) {
    const got = `a damaged file (${(cause as Error).message})`;
    const remedy = 'Remove it: the run is then read without this step.';
    throw new InputError(path, 'gzipped JSON Lines', got, remedy, cause);
  }
}

/** Tokens come last, and within a text of JSON there is no bare quote. */
function headOf(line: string): RolloutRow {
  const tokens = line.indexOf(',"tokens":{');
  if (tokens >= 0 && line.endsWith(']}}')) return JSON.parse(`${line.slice(0, tokens)}}`);
  const { tokens: _, ...head }: RolloutRow = JSON.parse(line);
  return head;
}

/** Texts of queries by their hashes. A line that is still being written, or is damaged, is left out. */
export async function readQueries(folder: string): Promise<Map<string, string>> {
  const path = join(folder, rolloutsName, queriesName);
  const text = await readFile(path, 'utf8').catch(unlessMissing(''));
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return new Map(queriesIn(whole).map(({ query, text }) => [query, text]));
}

/** A query's text, as a line of the file has it. */
interface QueryLine {
  readonly query: string;
  readonly text: string;
}

/**
 * Those that came after so many bytes, and where they end; all of them, where the file is shorter.
 */
export async function readNewQueries(
  folder: string,
  from: number,
): Promise<{ queries: QueryLine[]; bytes: number }> {
  const file = await open(join(folder, rolloutsName, queriesName)).catch(unlessMissing(undefined));
  if (file === undefined) return { queries: [], bytes: 0 };
  try {
    const { size } = await file.stat();
    const start = from <= size ? from : 0;
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(size - start),
      0,
      size - start,
      start,
    );
    const whole = buffer.subarray(0, buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1);
    return { queries: queriesIn(whole.toString()), bytes: start + whole.length };
  } finally {
    await file.close();
  }
}

/** A run as its folder has it, with the events that are known of it, else those of its log. */
export async function runRecord(folder: string, known?: readonly JobEvent[]): Promise<RunRecord> {
  return {
    folder,
    events: known ?? (await readEvents<JobEvent>(join(folder, logName))),
    rollouts: (step) => readRollouts(folder, step),
    queries: () => readQueries(folder),
  };
}

function queriesIn(text: string): QueryLine[] {
  return text.split('\n').flatMap((line) => {
    try {
      const one = JSON.parse(line) as Partial<QueryLine> | null;
      const isWhole = typeof one?.query === 'string' && typeof one.text === 'string';
      return isWhole ? [one as QueryLine] : [];
    } catch {
      return [];
    }
  });
}
