/**
 * I/O: the port and the secret of the dashboard of a folder, kept so that an open page finds its
 * server again after a restart.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from '../disk/atomic.ts';

/** Folder, in that of the runs, of what the dashboard keeps; nobody else may look into it. */
const keptName = '.tactful-ui';
const accessName = 'access.json';

export interface Access {
  readonly token: string;
  /** At which the last server listened; 0 of a first one. */
  readonly port: number;
}

/** The folder of what the dashboard keeps, made where it is missing. */
export async function keptFolder(runs: string): Promise<string> {
  const folder = join(runs, keptName);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

export function newAccess(): Access {
  return { token: randomBytes(24).toString('base64url'), port: 0 };
}

/** What the last server had; a new one where there was none, or others could have read or written it. */
export async function readAccess(runs: string): Promise<Access> {
  const file = await open(join(runs, keptName, accessName)).catch(unlessMissing(undefined));
  if (!file) return newAccess();
  try {
    const [{ uid, mode }, parent] = [await file.stat(), await stat(join(runs, keptName))];
    const isOwn = uid === process.getuid?.() && parent.uid === uid;
    if (!isOwn || (mode & 0o077) !== 0 || (parent.mode & 0o077) !== 0) return newAccess();
    const { token, port } = JSON.parse(await file.readFile('utf8')) as Partial<Access>;
    const isWhole = typeof token === 'string' && token.length >= 32 && Number.isInteger(port);
    return isWhole ? { token, port: port! } : newAccess();
  } catch {
    return newAccess(); // cut off by a crash
  } finally {
    await file.close();
  }
}

export async function writeAccess(runs: string, { token, port }: Access): Promise<void> {
  const path = join(await keptFolder(runs), accessName);
  await rm(path, { force: true }); // whose rights it had does not stay
  await writeFile(path, `${JSON.stringify({ token, port })}\n`, { mode: 0o600 });
}
