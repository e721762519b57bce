/** I/O: what the logs of a job that goes on say of its workers. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { logName } from '../disk/result-folder.ts';
import type { JobEvent } from '../events.ts';

/** What the self-test came to on the workers of a job, or of its runs where it has several; undefined where it had none. */
export async function keptBits(output: string): Promise<string | undefined> {
  const { readEvents } = await import('../store/event-log.ts');
  const entries = await readdir(output, { withFileTypes: true });
  const runs = entries.filter((one) => one.isDirectory()).map(({ name }) => join(output, name));
  for (const folder of [output, ...runs]) {
    const told = await readEvents<JobEvent>(join(folder, logName));
    const last = told.findLast((event) => event.type === 'machines');
    if (last) return last.bits;
  }
  return undefined;
}
