/** I/O: a job with its page in the browser, which stays until Ctrl-C. */
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { exists } from '../disk/atomic.ts';
import { logName } from '../disk/result-folder.ts';
import { isHeld } from '../store/lock.ts';
import { keptFolder } from '../web/access.ts';
import type { CommandContext } from './command.ts';
import { openDashboard } from './dashboard.ts';
import { openPage } from './open-page.ts';

/** Milliseconds between two looks whether the job has its folder. */
const pause = 100;

/** For whom a job has its page. */
interface Looking extends Pick<CommandContext<unknown>, 'json' | 'note' | 'signal'> {
  /** Whether the folder holds the job already: it goes on, or is finished. @default false */
  readonly isThere?: boolean;
}

/**
 * Runs a job beside its page, and keeps the page when the job has ended well.
 * @param output folder of the job
 * @returns whether the job had ended when Ctrl-C came
 * @throws as `job` and `openDashboard`
 */
export async function withPage(
  output: string,
  job: () => Promise<void>,
  { json, note, signal, isThere = false }: Looking,
): Promise<'done' | undefined> {
  const folder = resolve(output);
  const runs = dirname(folder);
  const { url, close } = await openDashboard({ runs });
  const over = new AbortController();
  const page = { url, folder };
  try {
    note({ says: `The page is at ${url}` });
    const looking = json ? undefined : show(page, isThere, over.signal);
    await job();
    over.abort();
    const isShown = await looking;
    if (signal.aborted) return undefined;
    note({ says: 'The page stays until Ctrl-C.' });
    // one that was finished is over before anybody has looked
    if (isShown === false) await show(page, true, signal);
    if (!signal.aborted) await once(signal, 'abort');
    return 'done';
  } finally {
    over.abort();
    await close();
  }
}

interface Page {
  readonly url: string;
  /** Of the job. */
  readonly folder: string;
}

/**
 * Shows the page as soon as there is something to see.
 * @returns whether there was, before the signal
 */
async function show(
  { url, folder }: Page,
  isThere: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    const place = await placeOf(folder, isThere);
    if (place !== undefined && !signal.aborted) {
      const open = async () => openPage(`${url}&to=${place}`, await keptFolder(dirname(folder)));
      await open().catch(() => {}); // without a browser the address is told
      return true;
    }
    await setTimeout(pause);
  }
  return false;
}

/**
 * Where the page shows a folder's job: as a run, or as those of the list that lie in the folder;
 * undefined as long as there is none.
 * @param isThere whether what lies there by now counts, or only what somebody works on
 */
export async function placeOf(folder: string, isThere: boolean): Promise<string | undefined> {
  const name = basename(folder);
  const isRun = async (path: string) =>
    (await isHeld(path)) || (isThere && (await exists(join(path, logName))));
  if (await isRun(folder)) return `/runs/${encodeURIComponent(name)}`;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries)
    if (entry.isDirectory() && (await isRun(join(folder, entry.name))))
      return `/runs?search=${encodeURIComponent(`${name}/`)}`;
  return undefined;
}
