/** I/O: the responses of one step of a run, with the texts that they answer. */
import { join } from 'node:path';
import { exists } from '../disk/atomic.ts';
import { logName } from '../disk/result-folder.ts';
import { InputError } from '../errors.ts';
import type { PromptedRow } from '../report/rollouts.ts';
import { readEvents } from '../store/event-log.ts';
import { keptSteps, readQueries, readRollouts } from '../store/rollouts.ts';

/** Jobs that answer held-out prompts. */
const measuring = ['detox', 'evaluate'];

/** What a run has kept of a step. */
export interface StepRollouts {
  readonly step: number;
  /** Of which there is something, ascending. */
  readonly steps: readonly number[];
  readonly rows: readonly PromptedRow[];
}

/**
 * @param step @default the last one that is kept
 * @throws {InputError} when there is no run, when it has kept nothing, or nothing of that step
 */
export async function stepRollouts(folder: string, step?: number): Promise<StepRollouts> {
  if (!(await exists(join(folder, logName))))
    throw new InputError(folder, `a run with its ${logName}`, 'none', 'Name the folder of a run.');
  const steps = await keptSteps(folder);
  const [first, last] = [steps[0], steps.at(-1)];
  if (last === undefined) {
    const [started] = await readEvents(join(folder, logName));
    const { job = 'detox' } = started?.type === 'started' ? started : {};
    const remedy = measuring.includes(job)
      ? 'Use `as` ragas for the answers of a finished run to held-out prompts.'
      : `${job} has none: it learns from given texts.`;
    throw new InputError(folder, 'a run that keeps its rollouts', 'none of them', remedy);
  }
  const wanted = step ?? last;
  if (!steps.includes(wanted)) {
    const expected = `one of the steps that are kept, ${first} to ${last}`;
    throw new InputError('`step`', expected, `${wanted}`, `Use \`step\` ${last}.`);
  }
  const [rows, queries] = await Promise.all([readRollouts(folder, wanted), readQueries(folder)]);
  return {
    step: wanted,
    steps,
    rows: rows.map((row) => ({ ...row, prompt: queries.get(row.query) ?? '' })),
  };
}
