/**
 * I/O: the port and the secret of the dashboard of a folder, kept so that an open page finds its
 * server again after a restart.
 */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writingTo } from '../disk/words.ts';
import { UnavailableError } from '../errors.ts';

/** Folder, in that of the runs, of what the dashboard keeps; nobody else may look into it. */
export const keptName = '.tactful-ui';
const accessName = 'access.json';

export interface Access {
  readonly token: string;
  /** At which the last server listened; 0 of a first one. */
  readonly port: number;
  /** Its process. */
  readonly pid: number;
}

/**
 * The folder of what the dashboard keeps, made where it is missing.
 * @throws {UnavailableError} when it cannot be made, or others made it or can look into it
 */
export async function keptFolder(runs: string): Promise<string> {
  const folder = join(runs, keptName);
  const place = { path: folder, instead: 'name another folder' };
  await writingTo(place, () => mkdir(folder, { recursive: true, mode: 0o700 }));
  if (isOwn(await stat(folder))) return folder;
  const expected = 'a folder that nobody else can look into';
  throw new UnavailableError(folder, expected, 'one that others can', 'Remove it.');
}

/** Of Windows it is not known. */
function isOwn({ uid, mode }: Stats): boolean {
  const own = process.getuid?.();
  return own === undefined || (uid === own && (mode & 0o077) === 0);
}

export function newAccess(): Access {
  return { token: randomBytes(24).toString('base64url'), port: 0, pid: 0 };
}

/** What the last server had; a new one where there was none, or others could have read or written it. */
export async function readAccess(runs: string): Promise<Access> {
  const file = await open(join(runs, keptName, accessName)).catch(() => undefined);
  if (!file) return newAccess();
  try {
    const all = [await file.stat(), await stat(join(runs, keptName))];
    if (!all.every(isOwn)) return newAccess();
    const { token, port, pid = 0 } = JSON.parse(await file.readFile('utf8')) as Partial<Access>;
    const isWhole = typeof token === 'string' && token.length >= 32 && Number.isInteger(port);
    return isWhole ? { token, port: port!, pid } : newAccess();
  } catch {
    return newAccess(); // cut off by a crash
  } finally {
    await file.close();
  }
}

export async function writeAccess(runs: string, { token, port, pid }: Access): Promise<void> {
  const path = join(await keptFolder(runs), accessName);
  await rm(path, { force: true }); // whose rights it had does not stay
  await writeFile(path, `${JSON.stringify({ token, port, pid })}\n`, { mode: 0o600 });
}
