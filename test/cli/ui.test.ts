import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { fakeIo } from './io.ts';

test('tactful ui tells the address of its page, and serves it until Ctrl-C', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-ui-'));
  const io = fakeIo();
  let told = () => {};
  const print = io.stdout.write;
  const write = (text: string) => {
    print(text);
    told();
  };
  Object.assign(io.stdout, { write });
  const address = new Promise<void>((resolve) => {
    told = resolve;
  });
  const runs = join(folder, 'runs'); // is made
  const ended = runProgram(['ui', '--runs', runs, '--port', '0', '--json'], io);
  await address;
  const { url } = JSON.parse(io.out.join(''));
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{32}$/);
  const [root, token] = url.split('/#token=');
  const headers = { authorization: `Bearer ${token}` };
  expect(await (await fetch(`${root}/api/runs`, { headers })).json()).toEqual([]);
  io.signals.emit('SIGINT');
  expect(await ended).toBe(130);
  await expect(fetch(root)).rejects.toThrow();
  await rm(folder, { recursive: true });
});
