/** I/O: what a finished run left in its folder: its events and all its samples. */

import { join } from 'node:path';
import type { Comparison, Sample } from '../../comparison.ts';
import { exists } from '../../disk/atomic.ts';
import { jobIn, logName, versusName } from '../../disk/result-folder.ts';
import { quoted } from '../../disk/shell.ts';
import { ConfigError, InputError } from '../../errors.ts';
import { readSamples } from '../../eval/samples-file.ts';
import type { RunEvent } from '../../events.ts';
import { eventsOf } from '../../report/events-of.ts';
import { readEvents } from '../../store/event-log.ts';

type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { readonly type: T }>;

/** A run that is finished, as its folder has it. */
export interface RunRecord {
  readonly folder: string;
  readonly events: readonly RunEvent[];
  readonly started: EventOf<'started'>;
  readonly steps: readonly EventOf<'step'>[];
  readonly finished: EventOf<'finished'>;
  /** Missing where one policy alone was measured. */
  readonly comparison?: Comparison;
  /** Of every held-out prompt; `before` is missing where one policy alone was measured. */
  readonly before?: readonly Sample[];
  readonly after: readonly Sample[];
}

/** Jobs that leave samples of held-out prompts. */
const measuring = ['detox', 'evaluate'];

/**
 * Reads a run that is finished.
 * @throws {ConfigError} when the folder holds none, one that is not finished, or another kind of job
 * @throws {InputError} when its log or its samples are damaged, or gone
 */
export async function readRun(folder: string): Promise<RunRecord> {
  await checkFinished(folder);
  const events = await readEvents(join(folder, logName));
  const of = eventsOf(events);
  const [[started], [finished], [compared]] = [of('started'), of('finished'), of('compared')];
  const [before, after] = await Promise.all(
    ['before', 'after'].map((when) => readSamples(join(folder, `samples-${when}.jsonl`))),
  );
  if (!after || (compared && !before)) {
    const name = `samples-${after ? 'before' : 'after'}.jsonl`;
    const remedy = 'Put it back: what was measured lies there, sample by sample.';
    throw new InputError(join(folder, name), 'the samples of a run', 'no such file', remedy);
  }
  return {
    ...{ folder, events, started, steps: of('step'), finished, after },
    ...(compared && { comparison: compared.comparison }),
    ...(before && { before }),
  };
}

/** @throws {ConfigError} when there is nothing to read yet, or nothing of this kind */
async function checkFinished(folder: string): Promise<void> {
  const there = await jobIn(folder);
  const refuse = (actual: string, remedy: string) => {
    throw new ConfigError(folder, 'the folder of a finished run', actual, remedy);
  };
  if (!there) return refuse('none', 'Check the path.');
  if (await exists(join(folder, versusName))) {
    const one = join(folder, 'default');
    return refuse('that of several runs, compared', `Name one of its runs: ${quoted(one)}`);
  }
  const { job, finished } = there;
  if (!measuring.includes(job))
    return refuse(`one of ${job}`, `What measures held-out prompts is ${measuring.join(' or ')}.`);
  if (!finished)
    return refuse('one that is not finished', `Go on: npx tactful resume ${quoted(folder)}`);
}
