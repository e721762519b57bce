import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockFolder } from '../../src/store/lock.ts';
import { openRunFolder } from '../../src/store/run-folder.ts';

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

test('a run folder is locked while it is open', async () => {
  const folder = await newFolder();
  const run = await openRunFolder(folder, { config: { steps: 1 } });
  expect(await readdir(folder)).toContain('lock');
  await run.close();
  expect(await readdir(folder)).not.toContain('lock');
  const { pid, kill } = await sleeper();
  await writeFile(join(folder, 'lock'), `${pid}\n`);
  await expect(openRunFolder(folder, { resume: true })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  await kill();
  await (await openRunFolder(folder, { resume: true })).close();
});

test('a run folder that cannot be opened is not left locked', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, 'config.yaml'), 'steps: 1\n');
  await writeFile(join(folder, 'events.jsonl'), 'no event\n{}\n');
  await expect(openRunFolder(folder, { resume: true })).rejects.toThrow('expected an event');
  expect(await readdir(folder)).not.toContain('lock');
});
