/** I/O: the dashboard of a folder of runs, at the address that an open page knows, where it is free. */
import { mkdir, realpath } from 'node:fs/promises';
import { isAlive } from '../disk/alive.ts';
import { writingTo } from '../disk/words.ts';
import { newAccess, readAccess, writeAccess } from './access.ts';
import { type Served, type ServeOptions, serveDashboard } from './server.ts';

export interface DashboardOptions extends Omit<ServeOptions, 'port' | 'token'> {
  /** 0 is any; undefined the last one, or any. */
  readonly port?: number | undefined;
}

/**
 * Starts it. The folder is made where it is missing.
 * @throws {UnavailableError} when the port that was named is taken, or the folder cannot be read
 */
export async function startDashboard(options: DashboardOptions): Promise<Served> {
  const place = { path: options.runs, instead: 'name another folder' };
  await writingTo(place, () => mkdir(options.runs, { recursive: true }));
  const runs = await realpath(options.runs);
  const access = await readAccess(runs);
  const serve = (port: number, token: string) => serveDashboard({ ...options, runs, port, token });
  const { port = access.port } = options;
  const served =
    options.port !== undefined || port === 0
      ? await serve(port, access.token)
      : // whoever has the port now may be told the secret by an open page
        await serve(port, access.token).catch(() => serve(0, newAccess().token));
  // another server of this folder keeps its place
  if (served.token !== access.token && isAlive(access.pid)) return served;
  await writeAccess(runs, { ...served, pid: process.pid }).catch(() => {}); // a folder that is only read
  return served;
}
