/** I/O: the runs in a folder, as their logs tell of them. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunDetails, RunSummary } from '../api.ts';
import { exists } from '../disk/atomic.ts';
import { logName } from '../disk/result-folder.ts';
import type { JobEvent } from '../events.ts';
import { readEvents } from '../store/event-log.ts';
import { isHeld } from '../store/lock.ts';
import { runDetails, runSummary } from '../store/run-summary.ts';

/** Files of a run that the page shows. */
export const shownFiles = ['report.html'];

/** How deep runs lie: those of a comparison in a folder of their own. */
const depth = 2;

/** Runs below a folder, newest first. */
export async function listRuns(runs: string): Promise<RunSummary[]> {
  const ids = await idsBelow(runs, '', depth);
  const all = await Promise.all(ids.map(async (id) => (await readRun(runs, id)).summary));
  return all.sort((a, b) => b.time.localeCompare(a.time) || a.id.localeCompare(b.id));
}

/** @param folder of the run, whose name is `id` */
export async function describeRun(folder: string, id: string): Promise<RunDetails> {
  const { summary, events } = await readRun(folder, id, '');
  const there = await Promise.all(shownFiles.map((name) => exists(join(folder, name))));
  return runDetails(
    summary,
    events,
    shownFiles.filter((_, i) => there[i]),
  );
}

async function readRun(runs: string, id: string, path = id) {
  const folder = join(runs, path);
  // asked first: whoever is gone has written its last word by now
  const held = await isHeld(folder);
  const events = await readEvents<JobEvent>(join(folder, logName));
  return { summary: runSummary(id, events, held), events };
}

async function idsBelow(runs: string, place: string, levels: number): Promise<string[]> {
  const entries = await readdir(join(runs, place), { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  const found = await Promise.all(
    folders.map(async ({ name }) => {
      const id = place === '' ? name : `${place}/${name}`;
      const folder = join(runs, id);
      if ((await exists(join(folder, logName))) || (await isHeld(folder))) return [id];
      return levels > 1 ? idsBelow(runs, id, levels - 1) : [];
    }),
  );
  return found.flat();
}
