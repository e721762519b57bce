import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunDetails, Started } from '../../src/api.ts';
import { runsFolder, serve, started } from './served.ts';

const program = {
  command: process.execPath,
  words: [fileURLToPath(new URL('program.mjs', import.meta.url))],
};
const forms = async () => [{ job: 'detox', presets: [], schema: {} }];

let runs: Awaited<ReturnType<typeof runsFolder>>;
let server: Awaited<ReturnType<typeof serve>>;
beforeEach(async () => {
  runs = await runsFolder();
  server = await serve(runs.folder, { program, forms });
});
afterEach(async () => {
  await server.close();
  await runs.remove();
});

const start = async (settings: Record<string, unknown>, job = 'detox') => {
  const answer = await server.post('/api/runs', { job, settings });
  return { status: answer.status, ...((await answer.json()) as Started & { error?: string }) };
};
const look = async (id: string) =>
  (await (await server.get(`/api/runs/${id}`)).json()) as RunDetails;
/** Looks until it is so. */
async function until(id: string, state: RunDetails['state']): Promise<RunDetails> {
  for (;;) {
    const run = await look(id);
    if (run.state === state) return run;
  }
}
const doTo = async (id: string, deed: 'stop' | 'resume') =>
  (await server.post(`/api/runs/${id}/${deed}`, {})).status;

test('a run is started with what the form gave, stopped, and goes on; the server is not its end', async () => {
  const { status, id } = await start({ slow: true, seed: 2 });
  expect(status).toBe(201);
  expect(await look(id)).toMatchObject({ state: 'running', step: 1, config: { seed: 2 } });
  await server.close();
  server = await serve(runs.folder, { program, forms });
  expect(await doTo(id, 'resume')).toBe(409);
  expect([await doTo(id, 'stop'), await doTo(id, 'stop')]).toEqual([202, 202]);
  await writeFile(join(runs.folder, id, 'end'), '');
  await until(id, 'stopped');
  // two would end it before its step is done
  expect(await readFile(join(runs.folder, id, 'signals'), 'utf8')).toBe('.');
  while ((await doTo(id, 'stop')) !== 409) await look(id); // its process goes after its last word
  expect(await doTo(id, 'resume')).toBe(202);
  await until(id, 'running');
  expect(await doTo(id, 'stop')).toBe(202);
  const stopped = await until(id, 'stopped');
  expect(stopped.problem).toBeUndefined();
  const kept = () => readdir(join(runs.folder, '.tactful-ui'));
  while ((await kept()).length > 1) await look(id); // what it said goes after its process
  expect(await kept()).toEqual(['access.json']);
});

test('two runs that are started at once have a folder each', async () => {
  const both = await Promise.all([start({}), start({})]);
  const ids = both.map(({ id }) => id);
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect(await doTo(id, 'stop')).toBe(202);
  for (const id of ids) await until(id, 'stopped');
});

test('what is wrong with the settings is told, and nothing is left', async () => {
  expect(await start({ fails: 'steps: expected a number, got none.' })).toEqual({
    status: 422,
    error: 'steps: expected a number, got none.',
  });
  expect(await start({ output: '/tmp' })).toMatchObject({ status: 422 });
  expect(await start({}, 'none')).toEqual({
    status: 422,
    error: 'job: expected detox, got none.',
  });
  expect(await (await server.get('/api/runs')).json()).toEqual([]);
  expect(await readdir(runs.folder)).not.toContainEqual(expect.stringMatching(/^\d/));
});

test('a run that breaks off later says why', async () => {
  const { id } = await start({ late: true, fails: 'disk: expected room, got none.' });
  await writeFile(join(runs.folder, id, 'end'), '');
  await until(id, 'broken');
  const told = async () => {
    let run = await look(id);
    while (run.problem === undefined) run = await look(id); // the process ends after it let go
    return run.problem;
  };
  expect(await told()).toContain('disk: expected room, got none.');
  await server.close();
  server = await serve(runs.folder, { program, forms });
  expect(await told()).toContain('disk: expected room, got none.');
});

test('of a run that was killed it is said so', async () => {
  const { id } = await start({});
  const pid = Number(await readFile(join(runs.folder, id, 'lock'), 'utf8'));
  process.kill(pid, 'SIGKILL');
  let run = await until(id, 'broken');
  while (run.problem === undefined) run = await look(id);
  expect(run.problem).toBe('its process ended by SIGKILL.');
  expect(await doTo(id, 'resume')).toBe(202);
  expect(await look(id)).toMatchObject({ state: 'running', step: 1 });
  expect(await doTo(id, 'stop')).toBe(202);
  await until(id, 'stopped');
});

test('a body of another type, or with another field, is refused', async () => {
  const { root, authorization } = server;
  const form = { authorization, 'content-type': 'text/plain' };
  const body = '{"job":"detox","settings":{}}';
  const plain = await fetch(`${root}/api/runs`, { method: 'POST', headers: form, body });
  expect(plain.status).toBe(415);
  for (const wrong of [{ job: 'detox' }, { job: 'detox', settings: {}, shell: 'x' }, [], 1])
    expect((await server.post('/api/runs', wrong)).status).toBe(400);
});

test('no process is signalled that got the number of a gone one', async () => {
  await runs.log('mine', started);
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(other, 'spawn');
  const lock = join(runs.folder, 'mine/lock');
  await writeFile(lock, `${other.pid}\n`);
  const before = new Date(Date.now() - 60_000);
  await utimes(lock, before, before);
  expect(await doTo('mine', 'stop')).toBe(409);
  expect(other.signalCode).toBeNull();
  await utimes(lock, new Date(), new Date());
  expect(await doTo('mine', 'stop')).toBe(202); // now it could have written it
  const [, signal] = await once(other, 'exit');
  expect(signal).toBe('SIGINT');
});

test('a folder that is taken and has no log yet is a run that begins', async () => {
  await mkdir(join(runs.folder, 'new'));
  await runs.hold('new');
  expect(await look('new')).toMatchObject({ id: 'new', state: 'running', step: 0 });
  const answer = await server.get('/api/runs/new/events?once');
  expect(await answer.text()).toBe(':\n\n');
});
