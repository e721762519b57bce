import { expect, test } from 'vitest';
import { connect, loadIoredis, place } from '../../src/machines/redis.ts';

test.each(['http://user:secret@host', 'host:6379', 'redis://', 'redis://:secret@host/one'])(
  'an address that is none of Redis is refused without what may be a password: %s',
  async (url) => {
    const error: Error = await connect(url).then(
      () => expect.fail('it connected'),
      (e) => e,
    );
    expect(error.message).toMatch(
      /^redis: expected redis:\/\/host:6379, or rediss:\/\/ for TLS, got /,
    );
    expect(error.message).not.toContain('secret');
  },
);

test('a server is named without user and password', () => {
  expect(place('rediss://user:secret@host:6380/2')).toBe('rediss://host:6380/2');
  expect(place('redis://:secret@host')).toBe('redis://host');
});

test('who has not installed the packages is told how', async () => {
  const missing = () => Promise.reject(new Error("Cannot find package 'ioredis'"));
  await expect(loadIoredis(missing)).rejects.toThrow('Run: npm install bullmq ioredis');
});
