/** I/O: what a run's folder says of it beside its log. */
import { join } from 'node:path';
import type { RunDetails, RunSummary } from '../../api.ts';
import { exists } from '../../disk/atomic.ts';
import { logName } from '../../disk/result-folder.ts';
import type { JobEvent } from '../../events.ts';
import { readEvents } from '../event-log.ts';
import { isHeld } from '../lock.ts';
import { type Digest, digested, summaryOf } from './digest.ts';

/** Files of a run that a page may link to. */
const linked = ['report.html'];

/** A summary with the run's state; its log has to be read after the lock to tell `broken` for sure. */
export async function withState(
  folder: string,
  { ended, ...rest }: ReturnType<typeof summaryOf>,
): Promise<RunSummary> {
  const state = ended ?? ((await isHeld(folder)) ? 'running' : 'broken');
  return { ...rest, state };
}

/** All that a page shows of a run. */
export async function detailsOf(folder: string, digest: Digest): Promise<RunDetails> {
  const { config, engine, version, memory, comparison } = digest;
  const there = await Promise.all(linked.map((name) => exists(join(folder, name))));
  return {
    ...(await withState(folder, summaryOf(digest))),
    ...{ config, engine, version },
    ...(memory && { memory }),
    ...(comparison && { comparison }),
    files: linked.filter((_, i) => there[i]),
  };
}

/** A run out of its folder alone, with its events; undefined when there is none. */
export async function readRun(
  id: string,
  folder: string,
): Promise<{ details: RunDetails; events: JobEvent[] } | undefined> {
  const held = await isHeld(folder);
  const events = await readEvents<JobEvent>(join(folder, logName));
  const digest = digested(id, undefined, events);
  if (digest === undefined) return undefined;
  const details = await detailsOf(folder, digest);
  const state = digest.ended ?? (held ? 'running' : 'broken');
  return { details: { ...details, state }, events };
}
