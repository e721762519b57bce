import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectVerdict } from '../../src/cli/required.ts';
import type { Verdict } from '../../src/comparison.ts';
import { tactful } from './io.ts';

const verdicts: readonly (Verdict | undefined)[] = [
  ...(['improved', 'improved at a cost', 'no provable change', 'worse'] as const),
  undefined,
];

test.each([
  ['improved', 1],
  ['improved-at-a-cost', 2],
  ['no-worse', 3],
] as const)('--require %s takes the best %i verdicts', (required, enough) => {
  for (const [i, verdict] of verdicts.entries()) {
    const call = () => expectVerdict(verdict, required);
    if (i < enough) expect(call).not.toThrow();
    else expect(call).toThrow(`required ${required}, the verdict is: ${verdict ?? 'no verdict'}`);
    expect(() => expectVerdict(verdict, undefined)).not.toThrow();
  }
});

let run: string;
beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tactful-required-'));
  run = join(directory, 'detox');
  await cp(fileURLToPath(new URL('../jobs/old/detox', import.meta.url)), run, { recursive: true });
});
afterAll(() => rm(join(run, '..'), { recursive: true }));

test('a verdict that is not enough ends with 3, told on the error output beside the whole result', async () => {
  const fulfilled = await tactful(['resume', run, '--json', '--require', 'improved']);
  const { verdict } = JSON.parse(fulfilled.out);
  expect(verdict).toBe('improved');
  expect(fulfilled.code).toBe(0);
  const log = join(run, 'events.jsonl');
  const events = await readFile(log, 'utf8');
  await writeFile(log, events.replace('"verdict":"less toxic"', '"verdict":"more toxic"'));
  const missed = await tactful(['resume', run, '--json', '--require', 'no-worse']);
  expect({ code: missed.code, err: missed.err }).toEqual({
    code: 3,
    err: 'required no-worse, the verdict is: worse\n',
  });
  expect(JSON.parse(missed.out)).toMatchObject({ verdict: 'worse', steps: 3 });
  expect((await tactful(['resume', run])).code).toBe(0);
  await writeFile(join(run, 'config.yaml'), 'require: improved\n');
  expect((await tactful(['resume', run])).code).toBe(3);
});

test('another word is wrong usage', async () => {
  const { code, err } = await tactful(['resume', run, '--require', 'better']);
  expect(code).toBe(2);
  expect(err).toContain('--require');
});
