import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SideBySide } from '../../src/report/several/several.ts';
import { runFolder, samplesOf } from '../jobs/versus/folders.ts';
import { tactful } from './io.ts';

let directory: string;
const at = (name: string) => join(directory, name);
const mean = (numbers: readonly number[]) =>
  numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-compare-'));
  await runFolder(at('good'));
  await runFolder(at('bad'), { after: 0.7, seed: 8 });
  await runFolder(at('later'), { after: 0.1, from: 30 });
  await runFolder(at('elsewhere'), { from: 1000 });
  await runFolder(at('open'), { isFinished: false });
  await runFolder(at('other'), { job: 'sft' });
});
afterAll(() => rm(directory, { recursive: true }));

test('compare holds runs against the first, on prompts that both measured', async () => {
  const { code, out } = await tactful(['compare', at('good'), at('bad'), at('later'), '--json']);
  expect(code).toBe(0);
  const { runs, differences, settings, prompts, pareto }: SideBySide = JSON.parse(out);
  expect(runs.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['good', 'improved'],
    ['bad', 'worse'],
    ['later', 'improved'],
  ]);
  expect(settings).toEqual([{ name: 'seed', values: [7, 8, 7] }]);
  const [bad, later] = differences;
  const [one, other] = [0.1, 0.7].map((toxicity) => samplesOf('after', toxicity));
  const expected = mean(other.map((sample, i) => sample.toxicity - one[i].toxicity));
  expect(bad.slices[0].toxicity.difference.mean).toBeCloseTo(expected, 12);
  expect(bad).toMatchObject({
    first: 'good',
    second: 'bad',
    shows: ['toxicity', 'flagged', 'reward'],
  });
  expect(later.slices[0].n).toBe(30);
  expect(prompts).toBe(30);
  expect(pareto.map(({ name, dominatedBy }) => [name, dominatedBy])).toEqual([
    ['good', []],
    ['bad', ['good', 'later']],
    ['later', ['good']],
  ]);
});

test('a setting that the job of one of the runs does not have is no difference', async () => {
  await runFolder(at('measured'), { job: 'evaluate', seed: 9 });
  const log = at('measured/events.jsonl');
  const text = await readFile(log, 'utf8');
  await writeFile(log, text.replace(/"learningRate":.*"seed":9/, '"seed":9,"temperature":0.5'));
  const { out } = await tactful(['compare', at('good'), at('measured'), '--json']);
  const { settings }: SideBySide = JSON.parse(out);
  expect(settings.map(({ name }) => name)).toEqual(['seed', 'temperature']);
});

test('it shows verdicts, curves, settings that differ, and the answers furthest apart', async () => {
  const words = ['compare', at('good'), at('bad'), '--rows', '1'];
  const { out } = await tactful(words, { columns: 120 });
  expect(out).toMatch(/^run +toxicity +flagged .* verdict\ngood .* Improved\nbad .* Worse\n/);
  expect(out).toMatch(/\nKL\n {2}good {2}▁\S+█ {2}0\.00 → 3\.77\n {2}bad /);
  expect(out).toMatch(/\nsettings that differ {2}good {2}bad\nseed +7 +8\n/);
  expect(out).toContain('\nbad against good: 60 prompts that both answered, 60 answers the same\n');
  expect(out).toMatch(/\ntoxicity .* proven\n/);
  expect(out).toMatch(
    /\nWhich are worth keeping\n.*\ngood .* no other is better in all\nbad .* beaten by good\n/,
  );
  expect(out).toMatch(/\nAnswers: the 1 of 60 prompts on which rewards lie furthest apart/);
  const korean = await tactful([...words, '--language', 'ko']);
  expect(korean.out).toContain('good 대비 bad: 둘 다 응답한 프롬프트 60개');
});

test.each([
  [['good', 'elsewhere'], /elsewhere: expected prompts of .*good, got none in common\. Compare/],
  [
    ['good', 'open'],
    /open: expected the folder of a finished run, got one that is not finished\. Go on: npx tactful resume /,
  ],
  [['good', 'other'], /other: expected the folder of a finished run, got one of sft\. /],
  [
    ['good', 'nowhere'],
    /nowhere: expected the folder of a finished run, got none\. Check the path\./,
  ],
  [['good'], /error: compare: expected two runs or more, got 1\. Name their folders\./],
])('compare %j is refused', async (names, message) => {
  const { code, out, err } = await tactful(['compare', ...names.map(at)]);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(message);
});

test('without a run it is wrong usage', async () => {
  expect((await tactful(['compare'])).code).toBe(2);
});

test('report makes report.md again, the same twice, and in Korean where that is asked for', async () => {
  const folder = await runFolder(at('told'));
  const log = await readFile(join(folder, 'events.jsonl'), 'utf8');
  const { comparison } = JSON.parse(log.split('\n').find((line) => line.includes('"compared"'))!);
  const { code, out } = await tactful(['report', folder]);
  const lost = ['comparison.jsonl', 'comparison.csv']; // which `sync` reads
  const [rows, ...paths] = [...lost, 'why.json', 'report.md', 'report.html'].map((name) =>
    join(folder, name),
  );
  expect({ code, out }).toEqual({ code: 0, out: `${[rows, ...paths].join('\n')}\n` });
  const written = (await readFile(rows, 'utf8')).trim().split('\n');
  expect(written.map((line) => JSON.parse(line))).toEqual(comparison.rows);
  const first = await readFile(join(folder, 'report.md'), 'utf8');
  expect(first).toContain('> **Improved');
  await writeFile(join(folder, 'report.md'), 'something else');
  const { out: json } = await tactful(['report', folder, '--json', '--quiet']);
  expect(JSON.parse(json)).toMatchObject({ directory: folder, verdict: 'improved' });
  expect(await readFile(join(folder, 'report.md'), 'utf8')).toBe(first);
  expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('report of a run without its samples, or of none, says what is missing', async () => {
  const folder = await runFolder(at('lost'));
  await rm(join(folder, 'samples-after.jsonl'));
  expect((await tactful(['report', folder])).err).toMatch(
    /samples-after\.jsonl: expected the samples of a run, got no such file\. Put it back/,
  );
  expect((await tactful(['report', at('open')])).err).toMatch(/got one that is not finished/);
  const several = at('se veral');
  await mkdir(several);
  await writeFile(join(several, 'config.yaml'), 'versus: compat\n');
  await writeFile(join(several, 'versus.json'), '{"runs":[{"name":"default"}]}');
  expect((await tactful(['report', several])).err).toContain(
    `got that of several runs, compared. Name one of its runs: '${several}/default'`,
  );
});
