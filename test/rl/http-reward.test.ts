/** The guide's example of a reward of one's own, against a real server. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { scoreRollouts } from '../../src/rl/reward.ts';
import type { Rollout } from '../../src/rl/rollout.ts';
import { kindAndShort } from './http-reward.ts';

const rollouts = ['Thank you.', 'You fool.', 'Kind words for all'].map(
  (text, i): Rollout => ({
    query: { id: `${i}`, text: `query ${i}`, ids: [] },
    response: [],
    truncated: false,
    text,
  }),
);
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Address of a server on this machine. */
async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('the guide shows this example', async () => {
  const [example, guide] = await Promise.all(
    ['test/rl/http-reward.ts', 'docs/guide.md'].map((path) => readFile(path, 'utf8')),
  );
  expect(guide).toContain(example.replace("'../../src/index.ts'", "'tactful'"));
});

test('the service gets prompts and responses, and its scores are the reward', async () => {
  const bodies: unknown[] = [];
  const url = await serve(async (request, response) => {
    const { pairs } = JSON.parse((await request.toArray()).join(''));
    bodies.push(pairs[1]);
    const scores = pairs.map((pair: { response: string }) => (/fool/.test(pair.response) ? -1 : 1));
    response.end(JSON.stringify({ scores }));
  });
  const { scores, metrics } = await scoreRollouts(kindAndShort(url), rollouts);
  expect(scores).toBeAllClose([1 - 0.2, -1 - 0.2, 1 - 0.4], { atol: 1e-12 }); // order of rounding
  expect(bodies).toEqual([{ prompt: 'query 1', response: 'You fool.' }]);
  expect(metrics).toEqual({
    'env/reward/kind': 1 / 3,
    'env/reward/words': 8 / 3,
    'env/service_seconds': expect.any(Number),
  });
});

test('a service that is out of order ends the run, and the message says which part it was', async () => {
  const url = await serve((_, response) => void response.writeHead(503).end());
  const error = await scoreRollouts(kindAndShort(url), rollouts).catch((thrown: Error) => thrown);
  const { message } = error as Error;
  expect(message).toContain(
    `reward "kind": expected scores, got Error: ${url}: 503 Service Unavailable (`,
  );
  expect(message).toMatch(/\(\S*http-reward\.ts:\d+:\d+\)\.$/); // where it was thrown
});

test('an abort ends the request, at the far end too', async () => {
  const controller = new AbortController();
  const sockets: Socket[] = [];
  const url = await serve(({ socket }) => {
    sockets.push(socket);
    controller.abort(); // in the middle of a request that is never answered
  });
  const call = scoreRollouts(kindAndShort(url), rollouts, controller.signal);
  const error = await call.catch((caught: unknown) => caught);
  expect(error).toBe(controller.signal.reason);
  const [socket] = sockets;
  if (!socket.closed) await once(socket, 'close');
});
