/** The page's way to its server, against servers that are functions. */
import { expect, test } from 'vitest';
import type { LiveEvent } from '../../src/api.ts';
import {
  type Connection,
  follow,
  get,
  messagesIn,
  pauseBefore,
  post,
} from '../../src/ui/connection.ts';

/** A connection to a server that answers the n-th request so, and what it was asked. */
function serverOf(answer: (n: number) => Response) {
  const asked: Headers[] = [];
  const refusals: string[] = [];
  const connection: Connection = {
    fetch: async (_path, options) => {
      asked.push(new Headers(options?.headers));
      return answer(asked.length);
    },
    token: () => 'secret',
    pause: () => 0,
    refused: () => refusals.push('refused'),
  };
  return { connection, asked, refusals };
}

test('messages are read whole, and what is half waits', () => {
  expect(messagesIn('id: 1\ndata: {"a":1}\n\n: still here\n\nid: 2\ndata: {"b"')).toEqual({
    messages: [{ id: '1', data: '{"a":1}' }],
    rest: 'id: 2\ndata: {"b"',
  });
});

test('every request has the token, and a refusal is told in the words of the server', async () => {
  const good = serverOf(() => Response.json([1]));
  expect(await get(good.connection, '/api/runs')).toEqual([1]);
  expect(good.asked[0].get('authorization')).toBe('Bearer secret');
  const bad = serverOf(() => Response.json({ error: 'token: wrong' }, { status: 401 }));
  await expect(get(bad.connection, '/api/runs')).rejects.toThrow('token: wrong');
  expect([good.refusals, bad.refusals]).toEqual([[], ['refused']]);
  const proxy = serverOf(() => new Response('<h1>Bad gateway</h1>', { status: 502 }));
  await expect(post(proxy.connection, '/api/runs', {})).rejects.toThrow('HTTP 502');
  expect(proxy.asked[0].get('content-type')).toBe('application/json');
});

test('a stream that is refused is not tried again', async () => {
  const { connection, asked, refusals } = serverOf(() => new Response('{}', { status: 401 }));
  const states: boolean[] = [];
  const listener = { events: () => undefined, connected: (is: boolean) => states.push(is) };
  await follow(connection, '/api/runs/a/events', listener, new AbortController().signal);
  expect([asked.length, states, refusals]).toEqual([1, [false], ['refused']]);
});

test('a stream that breaks goes on after the last event that came', async () => {
  const { connection, asked } = serverOf((n) => {
    if (n === 1) return new Response('id: 4\ndata: {"type":"reset"}\n\nid: 5\ndata: {"ty');
    if (n === 2) throw new TypeError('no network');
    return new Response('id: 5\ndata: {"type":"checkpoint","step":5,"path":"x"}\n\n');
  });
  const stop = new AbortController();
  const came: LiveEvent[] = [];
  const states: boolean[] = [];
  const listener = {
    events: (events: readonly LiveEvent[]) => {
      came.push(...events);
      if (came.length === 2) stop.abort();
    },
    connected: (is: boolean) => states.push(is),
  };
  await follow(connection, '/api/runs/a/events', listener, stop.signal);
  expect(came.map(({ type }) => type)).toEqual(['reset', 'checkpoint']);
  expect(asked.map((headers) => headers.get('last-event-id'))).toEqual([null, '4', '4']);
  expect(states).toEqual([true, false, false, true]);
});

test('tries come ever more rarely, up to ten seconds apart', () => {
  expect([1, 2, 3, 9].map(pauseBefore)).toEqual([500, 1000, 2000, 10_000]);
});

test('a run that has ended is asked once, and what came before is not asked again', async () => {
  const text = 'id: 3\ndata: {"type":"reset"}\n\nid: 4\ndata: {"type":"reset"}\n\n';
  const { connection, asked } = serverOf(() => new Response(text));
  const addresses: string[] = [];
  const noting: Connection = {
    ...connection,
    fetch: (path, options) => {
      addresses.push(String(path));
      return connection.fetch(path, options);
    },
  };
  let count = 0;
  const states: boolean[] = [];
  const listener = {
    events: (events: readonly LiveEvent[]) => {
      count += events.length;
    },
    connected: (is: boolean) => states.push(is),
  };
  const place = {};
  for (const _ of [1, 2]) {
    const { signal } = new AbortController();
    await follow(noting, '/api/runs/a/events', listener, signal, { mode: 'once', place });
  }
  expect(addresses).toEqual(Array(2).fill('/api/runs/a/events?once'));
  expect(asked.map((headers) => headers.get('last-event-id'))).toEqual([null, '4']);
  expect([count, states]).toEqual([4, [true, true]]);
});
