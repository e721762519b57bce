import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { findingText, totalText } from '../../src/cli/show-findings.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { presets } from '../../src/jobs/presets.ts';
import { tinySettings } from '../jobs/detox/tiny.ts';
import { tactful } from './io.ts';

test('finds nothing to complain of in the demo, and says so check by check', async () => {
  const { code, out, err } = await tactful(['doctor', '--threads', '1']);
  expect(code).toBe(0);
  const lines = out.trimEnd().split('\n');
  expect(lines.at(-1)).toMatch(/^(\d+) checks: \1 ok$/);
  expect(out).not.toMatch(/^[!✗→]/m);
  expect(lines.every((line) => line.length <= 80)).toBe(true);
  expect(err).toContain('doctor');
});

test('ends with 1 when there is an error, says what to do, and as JSON nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-doctor-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  // as a run keeps its settings: with where its comparison went
  const settings = {
    ...(await tinySettings(folder)),
    rewardModel: presets.demo.rewardModel,
    maxQueryTokens: 300,
    checkpointEvery: 1,
    adapKlCtrl: false,
    reference: 'base',
    store: 'folder',
    table: 'llm_with_rlhf',
    threads: 1,
  };
  const config = join(folder, 'config.yaml');
  await writeFile(config, stringify(settings));
  const plain = await tactful(['doctor', '--config', config, '--quiet']);
  expect({ code: plain.code, err: plain.err }).toEqual({ code: 1, err: '' });
  expect(plain.out).toMatch(/^✗ reference +KL to the reference before any update is /m);
  expect(plain.out).toContain('→ Use --reference initialPolicy');
  expect(plain.out).toMatch(/\n\d+ checks: \d+ ok, 3 warnings, 1 error\n$/);

  const json = await tactful(['doctor', '--config', config, '--json', '--quiet']);
  expect({ code: json.code, err: json.err }).toEqual({ code: 1, err: '' });
  const findings: Finding[] = JSON.parse(json.out);
  const wrong = findings.filter(({ status }) => status !== 'ok');
  expect(wrong.map(({ check, status, defect }) => ({ check, status, defect }))).toEqual([
    { check: 'reference', status: 'error', defect: 'D1' },
    { check: 'response-length', status: 'warning', defect: undefined }, // a random policy
    { check: 'sentinels', status: 'warning', defect: undefined },
    { check: 'evaluation', status: 'warning', defect: 'D3' },
  ]);
});

test('refuses settings that do not fit together', async () => {
  const { code, out, err } = await tactful(['doctor', '--mini-batch-size', '3']);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(
    /^error: --mini-batch-size: .*must divide --batch-size; got --mini-batch-size 3, .*\n$/,
  );
});

const finding: Finding = {
  check: 'corrections.scoresFirstToken',
  status: 'warning',
  says: 'Left out: the first generated token counts; a mask leaves it out, so it never learns.',
  remedy: 'Leave out --without scoresFirstToken, which takes that much of the training away.',
  defect: 'D9',
};

test('wraps findings to the width of the screen', () => {
  expect(findingText(finding, { width: 60, color: false })).toMatchInlineSnapshot(`
    "! corrections.scoresFirstToken
                           Left out: the first generated token
                           counts; a mask leaves it out, so it
                           never learns. (D9)
                           → Leave out --without
                             scoresFirstToken, which takes that
                             much of the training away."
  `);
  const short: Finding = { check: 'ratio', status: 'ok', says: 'Ratios are 1.' };
  expect(findingText(short, { width: 60, color: false })).toBe(
    '✓ ratio                Ratios are 1.',
  );
});

test('counts checks, warnings and errors', () => {
  const counts = (...statuses: Finding['status'][]) =>
    totalText(
      statuses.map((status) => ({ ...finding, status })),
      { color: false },
    );
  expect(counts('ok', 'ok')).toBe('2 checks: 2 ok');
  expect(counts('ok', 'warning', 'warning')).toBe('3 checks: 1 ok, 2 warnings');
  expect(counts('error')).toBe('1 check: 0 ok, 1 error');
});
