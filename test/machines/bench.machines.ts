/** `npm run bench -- machines` on the demo, once. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

test('the bench tells what a worker costs beside one process', () => {
  const words = ['machines', '--engine', 'onnxruntime', '--threads', '1', '--reps', '1', '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  const { measures } = JSON.parse(stdout) as { measures: { name: string; median: number }[] };
  const of = Object.fromEntries(measures.map(({ name, median }) => [name, median]));
  expect(Object.keys(of)).toEqual([
    ...['iteration, one process', 'iteration, 1 worker', 'throughput', 'longer by'],
    ...['jobs', 'to Redis', 'from Redis', 'worker'],
  ]);
  // a step has one job that generates, one that judges, one that scores, and eight gradients
  expect(of.jobs).toBe(11);
  expect(of['to Redis']).toBeGreaterThan(1);
  expect(of['to Redis']).toBeLessThan(4);
});
