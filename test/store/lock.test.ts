import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockFolder } from '../../src/store/lock.ts';

const newFolder = () => mkdtemp(join(tmpdir(), 'tactful-lock-'));

/** Another process that does nothing until it is killed. */
async function sleeper() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  const kill = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { pid: child.pid!, kill };
}

test('a folder in which another process works is refused, and is free once that was killed', async () => {
  const folder = await newFolder();
  const { pid, kill } = await sleeper();
  await writeFile(join(folder, 'lock'), `${pid}\n`);
  await expect(lockFolder(folder)).rejects.toThrow(
    `run folder ${folder}: expected nobody at work in it, got process ${pid} at work in it. ` +
      `Wait for it or stop it; if that is no tactful, remove ${join(folder, 'lock')}.`,
  );
  await kill();
  const unlock = await lockFolder(folder);
  expect(await readFile(join(folder, 'lock'), 'utf8')).toBe(`${process.pid}\n`);
  await unlock();
  expect(await readdir(folder)).toEqual([]);
});

test('a lock that was never written to its end is free', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, 'lock'), '');
  await (await lockFolder(folder))();
});

test.runIf(process.platform === 'linux')(
  'a process that has ended, of which nobody has taken note, holds nothing',
  async () => {
    const folder = await newFolder();
    // the shell becomes a program that waits for no child, and only then does the child end
    const child = 'while [ "$(cat /proc/$$/comm)" != sleep ]; do :; done';
    const parent = spawn('sh', ['-c', `${child} & echo $!; exec sleep 60`]);
    const [told] = await once(parent.stdout, 'data');
    const state = () => readFile(`/proc/${Number(told)}/stat`, 'utf8');
    await expect.poll(state, { timeout: 10_000 }).toMatch(/\) Z /);
    await writeFile(join(folder, 'lock'), `${Number(told)}\n`);
    await (await lockFolder(folder))();
    parent.kill('SIGKILL');
  },
);
