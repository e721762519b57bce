import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LiveEvent } from '../../src/api.ts';
import { follow } from '../../src/ui/connection.ts';
import { finished, runsFolder, serve, started, step } from './served.ts';

let runs: Awaited<ReturnType<typeof runsFolder>>;
let server: Awaited<ReturnType<typeof serve>>;
beforeEach(async () => {
  runs = await runsFolder();
  await runs.log('mine', started, step(1));
  server = await serve(runs.folder);
});
afterEach(async () => {
  await server.close();
  await runs.remove();
});

/** What a page gets to see, and a way to wait for it. */
function listening() {
  const seen: LiveEvent[] = [];
  let look = () => {};
  const end = new AbortController();
  const listener = {
    events: (events: readonly LiveEvent[]) => {
      seen.push(...events);
      look();
    },
    connected: () => {},
  };
  const connection = { fetch, token: () => server.token, pause: () => 5, refused: () => {} };
  const path = `${server.root}/api/runs/mine/events`;
  const following = follow(connection, path, listener, end.signal);
  return {
    seen,
    until: (is: () => boolean) =>
      new Promise<void>((resolve) => {
        look = () => is() && resolve();
        look();
      }),
    async close() {
      end.abort();
      await following;
    },
  };
}

test('a page gets what happened, and then what happens', async () => {
  const page = listening();
  await page.until(() => page.seen.length === 2);
  await appendFile(join(runs.folder, 'mine/events.jsonl'), '{"type":"st'); // being written
  await appendFile(
    join(runs.folder, 'mine/events.jsonl'),
    `${JSON.stringify(step(2)).slice(11)}\n`,
  );
  await page.until(() => page.seen.length === 3);
  await page.close();
  expect(page.seen).toEqual([started, step(1), step(2)]);
});

test('a run that goes back is told anew', async () => {
  await runs.log('mine', step(2));
  const page = listening();
  await page.until(() => page.seen.length === 3);
  await runs.rewrite('mine', started, step(1), step(2, 9), step(3));
  await page.until(() => page.seen.length === 8);
  await page.close();
  expect(page.seen.slice(3)).toEqual([{ type: 'reset' }, started, step(1), step(2, 9), step(3)]);
});

test('after a restart of the server the page goes on where it was, and nothing comes twice', async () => {
  const page = listening();
  await page.until(() => page.seen.length === 2);
  await server.close();
  await runs.log('mine', step(2));
  server = await serve(runs.folder);
  await page.until(() => page.seen.length === 3);
  await runs.log('mine', finished);
  await page.until(() => page.seen.length === 4);
  await page.close();
  expect(page.seen).toEqual([started, step(1), step(2), finished]);
});

test('an id of another log brings everything anew', async () => {
  const once = async (last: string) =>
    (await server.get('/api/runs/mine/events?once', { 'last-event-id': last })).text();
  const all = await once('');
  const ids = [...all.matchAll(/^id: (.+)$/gm)].map(([, id]) => id);
  expect(ids).toHaveLength(2);
  expect(await once(ids[1])).toBe(':\n\n');
  expect(await once(ids[0])).toContain(`id: ${ids[1]}\n`);
  for (const other of ['2-000000000000', '9-abc', 'x', '-1'])
    expect(await once(other)).toBe(all.replace(':\n\n', ':\n\nid:\ndata: {"type":"reset"}\n\n'));
});

test('10,000 steps come whole', async () => {
  await runs.log('mine', ...Array.from({ length: 10_000 }, (_, i) => step(i + 2)));
  const page = listening();
  await page.until(() => page.seen.length === 10_002);
  await page.close();
  expect(page.seen.at(-1)).toEqual(step(10_001));
});
