/** A worker computes nothing that it was not allowed, whoever puts jobs into its queue: by BullMQ itself, past the driver. */
import { createHash, randomBytes } from 'node:crypto';
import { type Job as BullJob, Queue, QueueEvents } from 'bullmq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from '../../src/disk/version.ts';
import { Graph } from '../../src/graph/graph.ts';
import { matmul } from '../../src/graph/ops/linear.ts';
import { nameOf, redisBlobs } from '../../src/machines/blobs.ts';
import { encode } from '../../src/machines/codec.ts';
import { graphToPlain } from '../../src/machines/graph.ts';
import { readAnswer } from '../../src/machines/post.ts';
import {
  type Answer,
  type Job,
  jobId,
  keysOf,
  protocol,
  type RunCard,
} from '../../src/machines/protocol.ts';
import { type Connection, connect } from '../../src/machines/redis.ts';
import { openRegistry } from '../../src/machines/registry.ts';
import { type RedisServer, redisServer } from './redis-server.ts';
import { type Crew, crew } from './worker-processes.ts';

const prefix = 'refusals';
let redis: RedisServer;
let workers: Crew;
let connection: Connection;
let queue: Queue;
let events: QueueEvents;
let run: string;
let beat: NodeJS.Timeout;

beforeAll(async () => {
  redis = await redisServer();
  const url = `redis://127.0.0.1:${redis.port}`;
  workers = await crew(url, 1, ['--queue-prefix', prefix]);
  connection = await connect(url);
  const registry = openRegistry(connection, { prefix });
  const [worker] = await registry.workers();
  run = randomBytes(6).toString('hex');
  const card: RunCard = {
    ...{ protocol, tactful: version, id: run, name: 'by hand', host: 'here', pid: process.pid },
    ...{
      started: new Date().toISOString(),
      bits: worker.bits,
      mixed: false,
      shared: false,
      files: [],
    },
  };
  await registry.tellRun(card);
  beat = setInterval(() => void registry.tellRun(card), 1000);
  queue = new Queue(run, { connection, prefix });
  events = new QueueEvents(run, { connection: connection.duplicate(), prefix });
  await events.waitUntilReady();
});
afterAll(async () => {
  clearInterval(beat);
  await events.close();
  await queue.close();
  connection.disconnect();
  await workers.close();
  await redis.close();
});

let index = 0;
const sound = (): Job => ({
  ...{ protocol, tactful: version, run, index: index++, attempt: 0, sessions: [], states: [] },
  ...{ args: { base64: Buffer.from(encode({})).toString('base64') }, alive: [] },
});

/** Puts a job into the queue as anybody can who has the password. */
const add = (job: object & { index: number }) =>
  queue.add('run', job, {
    jobId: jobId({ run, attempt: 0, index: job.index }),
    removeOnFail: false,
  });

/** Why BullMQ says that a job failed. */
async function failure(job: BullJob): Promise<string> {
  return job.waitUntilFinished(events, 60_000).then(
    (value) => `it was done: ${value}`,
    (error: Error) => error.message,
  );
}

type Change = (job: Job) => object & { index: number };
const bad: readonly (readonly [what: string, change: Change, told: RegExp])[] = [
  ['a path', (job) => ({ ...job, file: '/etc/passwd' }), /key: "file"/],
  ['a path for a graph', (job) => ({ ...job, sessions: ['../../etc/passwd'] }), /got sessions: /],
  ['a path for its arguments', (job) => ({ ...job, args: { path: '/etc/passwd' } }), /got args: /],
  ['another version', (job) => ({ ...job, tactful: '0.0.1' }), /got one of 0\.0\.1/],
  ['another protocol', (job) => ({ ...job, protocol: 99 }), /expected protocol 1, got protocol 99/],
  ['another run', (job) => ({ ...job, run: '0123456789ab' }), /got one of 0123456789ab/],
  ['a negative number', (job) => ({ ...job, attempt: -1 }), /got attempt: /],
  [
    'a thousand graphs',
    (job) => ({ ...job, sessions: Array(1000).fill('0'.repeat(64)) }),
    /got sessions: /,
  ],
  [
    'more bytes than a worker takes',
    (job) => ({ ...job, args: { blob: 'arguments-1', bytes: 2 ** 40 } }),
    /got args: /,
  ],
  [
    'a megabyte in the message',
    (job) => ({ ...job, args: { base64: 'A'.repeat(2 ** 20) } }),
    /got args: /,
  ],
];

test.each(bad)('a job with %s is refused by name', async (_, change, told) => {
  expect(await failure(await add(change(sound())))).toMatch(told);
});

/** What the worker answers to a job that is formed well. */
async function answerTo(job: Job): Promise<Answer> {
  const keys = keysOf(prefix);
  await connection.sadd(keys.open(run), `${job.index}`);
  const added = await add(job);
  await added.waitUntilFinished(events, 60_000);
  const bytes = await connection.getBuffer(keys.answer(run, job.index));
  return readAnswer(bytes!);
}

test('a routine that is none, or only sounds like one, is an error by name', async () => {
  for (const routine of ['readFile', 'constructor', '__proto__']) {
    const { error, value } = await answerTo({ ...sound(), routine });
    expect(value).toBeUndefined();
    expect(error?.message).toContain(`got ${routine}`);
  }
});

test('a graph with weights of a model that was not allowed is refused by the name of its file', async () => {
  const blobs = redisBlobs(connection, 'redis', { prefix, run });
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1, 2]);
  graph.output('y', matmul(x, graph.weight('w', [2, 2])));
  const sha256 = createHash('sha256').update('a model that nobody has').digest('hex');
  const weights = new Map([['w', { sha256, offset: 8, length: 16, dtype: 'float32' as const }]]);
  const bytes = encode(graphToPlain({ graph, weights, source: 0, options: {} }));
  const name = nameOf(bytes);
  await blobs.put(name, bytes);
  const { returned, value } = await answerTo({ ...sound(), sessions: [name], alive: [name] });
  expect(value).toBeUndefined();
  expect(returned).toMatchObject({
    reason: 'refused',
    says: expect.stringContaining(sha256.slice(0, 12)),
  });
  // who may not do one job of a run leaves it, and says why
  const refused = async () => {
    const [worker] = await openRegistry(connection, { prefix }).workers();
    return worker.refused;
  };
  await expect.poll(refused).toContainEqual({ run, why: returned?.says });
});
