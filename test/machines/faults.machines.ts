/** The faults that other tests rely on happen: a Redis that is killed, a wire that is cut, slow or silent. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { redisServer } from './redis-server.ts';
import { wire } from './wire.ts';

test('a Redis that is killed comes back with all that it confirmed, or with nothing', async () => {
  const redis = await redisServer();
  onTestFinished(redis.close);
  for (let i = 0; i < 20; i++) await redis.ask('rpush', 'list', `${i}`);
  await redis.restart('kept');
  expect(await redis.ask('llen', 'list')).toBe('20');
  await redis.restart('lost', 50);
  expect(await redis.ask('llen', 'list')).toBe('0');
});

/** A connection that asks Redis, and the milliseconds until each answer. */
async function pinger(port: number) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return {
    socket,
    async ping() {
      const start = performance.now();
      socket.write('PING\r\n');
      const [text] = await once(socket, 'data');
      return { text: `${text}`, milliseconds: performance.now() - start };
    },
  };
}

test('a wire delays what it passes on, holds it back, and breaks it off', async () => {
  const redis = await redisServer();
  const between = await wire(redis.port);
  onTestFinished(async () => {
    await between.close();
    await redis.close();
  });
  const { socket, ping } = await pinger(between.port);
  expect((await ping()).text).toBe('+PONG\r\n');
  between.delay(100);
  const late = await ping();
  expect(late.text).toBe('+PONG\r\n');
  expect(late.milliseconds).toBeGreaterThan(190); // there and back, to a timer's millisecond
  between.delay(0);
  const [silent] = await Promise.all([ping(), between.hang(150)]);
  expect(silent).toMatchObject({ text: '+PONG\r\n' });
  expect(silent.milliseconds).toBeGreaterThan(140);
  const closed = once(socket, 'close');
  const cut = between.cut(100);
  await closed;
  expect(between.counts.cuts).toBe(1);
  const refused = connect(between.port, '127.0.0.1').on('error', () => {});
  await once(refused, 'close');
  await cut;
  expect((await (await pinger(between.port)).ping()).text).toBe('+PONG\r\n');
});
