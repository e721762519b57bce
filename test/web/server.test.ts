import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileAddress, RunSummary } from '../../src/api.ts';
import type { JobEvent } from '../../src/events.ts';
import { finished, raw, runsFolder, serve, started, step } from './served.ts';

let runs: Awaited<ReturnType<typeof runsFolder>>;
let server: Awaited<ReturnType<typeof serve>>;
beforeEach(async () => {
  runs = await runsFolder();
  await runs.log('mine', started, step(1), finished);
  server = await serve(runs.folder);
});
afterEach(async () => {
  await server.close();
  await runs.remove();
});

describe('nobody else is answered', () => {
  const refused: Record<string, (own: string) => Record<string, string>> = {
    'without the token': () => ({}),
    'with another token': () => ({ authorization: 'Bearer no' }),
    'with the token as another scheme': (own) => ({
      authorization: own.replace('Bearer', 'Basic'),
    }),
  };
  test.each(Object.entries(refused))('%s', async (_, headersOf) => {
    const headers = headersOf(server.authorization);
    for (const path of ['/api/runs', '/api/runs/mine', '/api/runs/mine/events', '/api/none'])
      expect(await fetch(server.root + path, { headers })).toMatchObject({ status: 401 });
  });
  test('a page of another site, of another port, or of none', async () => {
    for (const origin of ['https://evil.example', 'http://127.0.0.1:1', 'null'])
      expect(await server.get('/api/runs', { origin })).toMatchObject({ status: 403 });
    expect(await server.get('/api/runs', { origin: server.root })).toMatchObject({ status: 200 });
  });
  test('under a name that a name server leads here', async () => {
    const { port, authorization } = server;
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1.x:${port}`])
      for (const path of ['/', '/api/runs'])
        expect(await raw(port, path, { host, authorization })).toMatchObject({ status: 403 });
    const host = `localhost:${port}`;
    expect(await raw(port, '/api/runs', { host, authorization })).toMatchObject({ status: 200 });
  });
});

test('a path that leads out of the folder finds nothing', async () => {
  await runs.log('.hidden', started);
  await runs.log('runs/inner', started, finished);
  await symlink('/', join(runs.folder, 'root'));
  const { port, authorization } = server;
  const host = `127.0.0.1:${port}`;
  const out = [
    '../x',
    '..',
    '.',
    '/etc',
    'mine/..',
    'mine/../mine',
    'root/etc',
    '.hidden',
    '',
    'x\0',
  ];
  for (const id of [...out, '..\\x', 'runs/.hidden', 'root', 'none']) {
    const path = `/api/runs/${encodeURIComponent(id)}/events?once`;
    expect({ id, ...(await raw(port, path, { host, authorization })) }).toMatchObject({
      status: 404,
    });
  }
  const files = ['/../package.json', '/..%2f..%2fpackage.json', '/assets/../../cli/main.js', '/.x'];
  for (const path of files)
    expect({ path, ...(await raw(port, path, { host })) }).toMatchObject({ status: 404 });
  const inner = await server.get(`/api/runs/${encodeURIComponent('runs/inner')}`);
  expect(await inner.json()).toMatchObject({ id: 'runs/inner', state: 'finished' });
});

test('a body that is too large is refused', async () => {
  const body = { text: 'x'.repeat(300_000) };
  const answer = await server.post('/api/runs/mine/files/report.html', body);
  expect(answer.status).toBe(413);
  expect(await answer.json()).toEqual({
    error: 'request: expected at most 262144 bytes, got more.',
  });
});

test('nor is one that does not say how large it is', async () => {
  const { port, authorization } = server;
  const type = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
  const headers = { host: `127.0.0.1:${port}`, authorization, ...type };
  const body = `{"run":"mine","text":"${'x'.repeat(300_000)}"}`;
  expect(await raw(port, '/api/playground', headers, body)).toMatchObject({ status: 413 });
  const some = await raw(port, '/api/playground', headers, '{"run":');
  expect(some).toEqual({
    status: 400,
    text: '{"error":"request: expected JSON, got something else."}',
  });
});

test('the page is a page with nothing inline, which only its own server may serve', async () => {
  const page = await fetch(server.root);
  expect(page.headers.get('content-security-policy')).toMatch(
    /default-src 'none'.*script-src 'self'/,
  );
  expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
  const text = await page.text();
  expect(text).toContain('<title>tactful</title>');
  const [, script] = /<script[^>]* src="\.(\/[^"]+)"/.exec(text) ?? [];
  const asset = await fetch(server.root + script);
  expect(asset.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(await fetch(`${server.root}/none.js`)).toMatchObject({ status: 404 });
});

test('runs are told with what became of them', async () => {
  await runs.log('left', started, step(2));
  await runs.log('going', { ...started, time: '2026-11-30T05:00:00.000Z' } as JobEvent, step(1));
  await runs.hold('going');
  const list = (await (await server.get('/api/runs')).json()) as RunSummary[];
  expect(list).toMatchObject([
    { id: 'going', state: 'running', step: 1, steps: 4 },
    { id: 'left', state: 'broken', step: 2 },
    { ...{ id: 'mine', state: 'finished', seconds: 9, model: 'm', algorithm: 'ppo', seed: 3 } },
  ]);
  const one = await (await server.get('/api/runs/mine')).json();
  expect(one).toMatchObject({ ...list[2], config: { model: 'm' }, engine: 'none', files: [] });
});

test('a run whose log tells nothing runs only while somebody is at work in it', async () => {
  await mkdir(join(runs.folder, 'silent'));
  await writeFile(join(runs.folder, 'silent', 'events.jsonl'), 'no event\n');
  const stateOf = async () =>
    ((await (await server.get('/api/runs/silent')).json()) as RunSummary).state;
  expect(await stateOf()).toBe('broken');
  await runs.hold('silent');
  expect(await stateOf()).toBe('running');
});

test('a response that holds a script goes as JSON, and is no page', async () => {
  const response = '<script>alert(1)</script>';
  const row = {
    ...{ step: 2, row: 1, id: 'd', query: 'h', response, length: 3, truncated: false, score: 1 },
    ...{ kl: 0, logprob: 0, refLogprob: 0, advantage: 0 },
  };
  await mkdir(join(runs.folder, 'mine/rollouts'));
  const file = join(runs.folder, 'mine/rollouts/step-000002.jsonl.gz');
  await writeFile(file, gzipSync(`${JSON.stringify(row)}\n`));
  await writeFile(join(runs.folder, 'mine/rollouts/queries.jsonl'), '{"query":"h","text":"<b>"}\n');
  const answer = await server.get('/api/runs/mine/rollouts/2/1');
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(await answer.json()).toEqual({ row, query: '<b>' });
  expect(await server.get('/api/runs/mine/rollouts/2/7')).toMatchObject({ status: 404 });
});

test('a report is framed with an origin of its own, at an address that is a secret', async () => {
  expect(await server.post('/api/runs/mine/files/report.html', {})).toMatchObject({ status: 404 });
  await writeFile(join(runs.folder, 'mine/report.html'), '<script>1</script>');
  const answer = await server.post('/api/runs/mine/files/report.html', {});
  const { address } = (await answer.json()) as FileAddress;
  const report = await fetch(server.root + address);
  expect(await report.text()).toBe('<script>1</script>');
  expect(report.headers.get('content-security-policy')).toMatch(
    /^sandbox allow-scripts; default-src 'none'/,
  );
  expect(await server.post('/api/runs/mine/files/lock', {})).toMatchObject({ status: 404 });
  expect(await fetch(`${server.root}/files/${'0'.repeat(32)}`)).toMatchObject({ status: 404 });
});

test('a secret that others could read or write is not taken, and none is written where they look', async () => {
  const { token } = server;
  const kept = join(runs.folder, '.tactful-ui');
  const again = async (path: string, mode: number) => {
    await chmod(path, mode);
    await server.close();
    server = await serve(runs.folder);
    return server.token;
  };
  const other = await again(join(kept, 'access.json'), 0o644);
  expect(other).not.toBe(token);
  expect((await stat(join(kept, 'access.json'))).mode & 0o777).toBe(0o600);
  const third = await again(kept, 0o755);
  expect(third).not.toBe(other);
  expect(await readFile(join(kept, 'access.json'), 'utf8')).not.toContain(third);
});

test('a server that is started again is found where it was, and by nobody who could not read the secret', async () => {
  const { port, token } = server;
  const kept = join(runs.folder, '.tactful-ui');
  expect((await stat(kept)).mode & 0o777).toBe(0o700);
  expect((await stat(join(kept, 'access.json'))).mode & 0o777).toBe(0o600);
  await server.close();
  server = await serve(runs.folder);
  expect(server).toMatchObject({ port, token });
  const second = await serve(runs.folder); // the port is taken
  expect(second.port).not.toBe(port);
  expect(second.token).not.toBe(token);
  await second.close();
  await server.close();
  server = await serve(runs.folder);
  expect(server).toMatchObject({ port, token });
});
