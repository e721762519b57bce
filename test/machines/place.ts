/** I/O: a Redis with workers, for one test. */
import { onTestFinished } from 'vitest';
import { type RedisServer, redisServer } from './redis-server.ts';
import { type Crew, crew } from './worker-processes.ts';

/** A Redis, and workers that meet there; both end with the test. */
export async function place(
  size: number,
): Promise<{ redis: RedisServer; url: string; workers: Crew }> {
  const redis = await redisServer();
  onTestFinished(redis.close);
  const url = `redis://127.0.0.1:${redis.port}`;
  const workers = await crew(url, size);
  onTestFinished(workers.close);
  return { redis, url, workers };
}
