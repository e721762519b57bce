/** A job with its page in the browser, which stays until Ctrl-C. */
import { once } from 'node:events';
import { basename, dirname, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isHeld } from '../store/lock.ts';
import { keptFolder } from '../web/access.ts';
import type { CommandContext } from './command.ts';
import { openDashboard } from './dashboard.ts';
import { openPage } from './open-page.ts';

/** Milliseconds between two looks whether the job has its folder. */
const pause = 100;

/**
 * Runs a job beside its page, and keeps the page when the job has ended well.
 * @param output folder of the job
 * @returns whether the job had ended when Ctrl-C came
 * @throws as `job` and `openDashboard`
 */
export async function withPage(
  output: string,
  job: () => Promise<void>,
  { json, note, signal }: Pick<CommandContext<unknown>, 'json' | 'note' | 'signal'>,
): Promise<'done' | undefined> {
  const folder = resolve(output);
  const runs = dirname(folder);
  const { url, close } = await openDashboard({ runs });
  const over = new AbortController();
  try {
    note({ says: `The page is at ${url}` });
    const shown = json ? undefined : show(`${url}&to=/runs/${nameOf(folder)}`, folder, over.signal);
    await job();
    over.abort();
    await shown;
    if (signal.aborted) return undefined;
    note({ says: 'The page stays until Ctrl-C.' });
    if (!signal.aborted) await once(signal, 'abort');
    return 'done';
  } finally {
    over.abort();
    await close();
  }
}

function nameOf(folder: string): string {
  return encodeURIComponent(basename(folder));
}

/** Shows the page as soon as there is something to see. */
async function show(address: string, folder: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(await isHeld(folder))) await setTimeout(pause);
  // without a browser the address is told
  if (!signal.aborted) await openPage(address, await keptFolder(dirname(folder))).catch(() => {});
}
