import { expect, test } from 'vitest';
import { batchesOf, type Request } from '../../src/store/dynamodb-batch.ts';
import { conversationItem } from '../../src/store/dynamodb-item.ts';
import { backoff, mayPass, patiently, pause } from '../../src/store/dynamodb-retry.ts';

const put = (text: string): Request => ({ PutRequest: { Item: { text } } });

test('batches have 25 requests at most, and fewer where their texts are long once escaped', () => {
  const short = batchesOf(Array.from({ length: 60 }, (_, i) => put(`${i}`)));
  expect(short.map((batch) => batch.length)).toEqual([25, 25, 10]);
  // 400 KB of control characters are 2.4 MB of JSON
  const long = batchesOf(Array.from({ length: 12 }, () => put('\u0001'.repeat(400 * 1024))));
  expect(long.map((batch) => batch.length)).toEqual([5, 5, 2]);
  const sizes = long.map((batch) => Buffer.byteLength(JSON.stringify(batch)));
  expect(Math.max(...sizes)).toBeLessThan(16 * 1024 ** 2);
  expect(batchesOf([])).toEqual([]);
});

test('of a wait half is sure and half is chance', async () => {
  const slept: number[] = [];
  const sleep = async (milliseconds: number) => void slept.push(milliseconds);
  for (const chance of [0, 0.5, 1]) {
    await pause(3, { attempts: 9, sleep, random: () => chance });
  }
  expect(slept).toEqual([200, 300, 400]);
  expect([1, 2, 7, 30].map(backoff)).toEqual([100, 200, 5000, 5000]);
});

test('what may pass is tried again, and nothing else', async () => {
  const named = (name: string) => Object.assign(new Error(name), { name });
  expect(mayPass(named('ProvisionedThroughputExceededException'))).toBe(true);
  expect(mayPass(Object.assign(new Error('read'), { code: 'ECONNRESET' }))).toBe(true);
  expect(mayPass(Object.assign(new Error('?'), { $metadata: { httpStatusCode: 503 } }))).toBe(true);
  expect(mayPass(named('ValidationException'))).toBe(false);
  expect(mayPass(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }))).toBe(false);
  let tries = 0;
  const patience = { attempts: 4, sleep: async () => {}, random: () => 0 };
  const work = async () => {
    tries++;
    throw named(tries < 3 ? 'ThrottlingException' : 'ValidationException');
  };
  await expect(patiently(work, patience)).rejects.toThrow('ValidationException');
  expect(tries).toBe(3);
});

test('numbers beyond those of DynamoDB are refused by name', () => {
  const run = { runId: 'r', started: 't', seed: 1 };
  const row = {
    ...{ query: 'q', response_before: '', response_after: '', id: 'd', references: [] },
    ...{ reward_before: 0, reward_after: 0, reward_diff: 1e126, toxicity_before: 0 },
    toxicity_after: 0,
  };
  expect(() => conversationItem('run', 3, run, row)).toThrow(
    'dynamodb item 3: expected reward_diff below 1e126, got 1e+126.',
  );
  const small = { ...row, reward_diff: 9e125 };
  expect(conversationItem('run', 3, run, small)).toMatchObject({ row: 3, run_id: 'r' });
});
