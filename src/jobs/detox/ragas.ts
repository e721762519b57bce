/** I/O: a finished run's responses as data sets of RAGAS. */
import { join } from 'node:path';
import { writeFileAtomic } from '../../disk/atomic.ts';
import { guarded, outputInstead } from '../../disk/words.ts';
import type { Note } from '../../events.ts';
import { ragasLines, ragasRows } from '../../export/ragas.ts';
import { readRun } from './record.ts';
import { referencesOf } from './references.ts';

/** What was written. */
export interface RagasWritten {
  /** A file each for the responses before and after training. */
  readonly files: readonly { readonly path: string; readonly rows: number }[];
  readonly notes: readonly Note[];
}

/**
 * Writes `ragas-before.jsonl` and `ragas-after.jsonl` of a run.
 * @param output folder @default the run's
 * @throws {ConfigError} when there is no finished run
 */
export async function writeRagas(
  folder: string,
  { output = folder, signal }: { output?: string | undefined; signal?: AbortSignal | undefined },
): Promise<RagasWritten> {
  const run = await readRun(folder);
  const { references, notes } = await referencesOf(run, signal);
  const prompts = references.filter((_, i) => (run.after[i].sample ?? 0) === 0);
  const several = prompts.filter(({ length }) => length > 1).length;
  const says = `${several} of ${prompts.length} dialogues have several references: RAGAS takes one, and gets the first.`;
  const { write } = guarded({ write: writeFileAtomic }, { path: output, instead: outputInstead });
  const files = [];
  for (const when of ['before', 'after'] as const) {
    const samples = run[when];
    if (!samples) continue;
    const rows = ragasRows(samples, references);
    const path = join(output, `ragas-${when}.jsonl`);
    await write(path, ragasLines(rows));
    files.push({ path, rows: rows.length });
  }
  return { files, notes: [...notes, ...(several > 0 ? [{ says }] : [])] };
}
