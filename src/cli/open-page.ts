/** I/O: shows an address in the browser of whoever sits here. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * By way of a file that only its owner can read: others see the words of every command, and an address
 * may hold a secret. Where there is no browser nothing happens.
 * @param folder where the file may lie
 */
export async function openPage(address: string, folder: string): Promise<void> {
  const path = join(folder, 'open.html');
  const link = address.replaceAll('&', '&amp;');
  const text = `<!doctype html><meta http-equiv="refresh" content="0; url=${link}"><a href="${link}">tactful</a>\n`;
  await writeFile(path, text, { mode: 0o600 });
  const [command, ...words] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(command, [...words, pathToFileURL(path).href], {
    detached: true,
    stdio: 'ignore',
  });
  child.on('error', () => {});
  child.unref();
}

const openers: Readonly<Record<string, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};
