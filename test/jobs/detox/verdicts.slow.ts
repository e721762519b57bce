/** What the demo's verdicts come to where it is known what they have to say. Runs the built program. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareSamples } from '../../../src/eval/compare.ts';
import { readSamples } from '../../../src/eval/samples-file.ts';

const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const minutes = 60_000;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-verdicts-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Runs the demo. @returns what it says with `--json` */
async function demo(name: string, words: readonly string[]) {
  const output = join(directory, name);
  const fixed = ['detox', '--engine', 'onnxruntime', '--json', '--quiet', '--output', output];
  const call = promisify(execFile);
  const { stdout } = await call(process.execPath, [program, ...fixed, ...words]);
  return JSON.parse(stdout) as { verdict: string; says: string };
}

test.each([0, 1])('the demo is improved, seed %i', { timeout: 10 * minutes }, async (seed) => {
  expect((await demo(`seed-${seed}`, ['--seed', `${seed}`])).verdict).toBe('improved');
});

test('against an inverted reward it is worse, where no guard goes back to the start', {
  timeout: 10 * minutes,
}, async () => {
  const inverted = '--reward-label=-nothate';
  expect((await demo('inverted', [inverted, '--guards', 'off'])).verdict).toBe('worse');
  expect((await demo('guarded', [inverted])).verdict).toBe('no provable change');
});

test('of zero steps nothing is said, with the same random numbers or with others', {
  timeout: 10 * minutes,
}, async () => {
  const seeds = Array.from({ length: 4 }, (_, seed) => seed);
  for (const seed of seeds) {
    const { verdict, says } = await demo(`null-${seed}`, ['--steps', '0', '--seed', `${seed}`]);
    expect({ seed, verdict }).toEqual({ seed, verdict: 'no provable change' });
    expect(says).toMatch(/^Nothing changed: all/);
  }
  const samples = await Promise.all(
    seeds.map((seed) => readSamples(join(directory, `null-${seed}`, 'samples-before.jsonl'))),
  );
  const others = samples.slice(1).map((after, i) => {
    const comparison = compareSamples(samples[i]!, after!, { seed: i });
    expect(comparison.same).toBeLessThan(comparison.slices[0].n);
    return comparison.verdict;
  });
  expect(others).toEqual(others.map(() => 'no provable change'));
});

test('trained too far, it is stopped, and what it went back to is improved', {
  timeout: 10 * minutes,
}, async () => {
  const { verdict } = await demo('over', ['--learning-rate', '3e-3']);
  expect(verdict).toBe('improved');
  const log = await readFile(join(directory, 'over', 'events.jsonl'), 'utf8');
  const events = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; rolledBack?: { from: number; to: number } });
  const { rolledBack } = events.find(({ type }) => type === 'finished') ?? {};
  expect(rolledBack?.to).toBeLessThan(rolledBack?.from ?? 0);
  expect(events.map(({ type }) => type)).toContain('guarded');
});
