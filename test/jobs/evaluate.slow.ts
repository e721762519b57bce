/** `evaluate` measures what a run measures, without training. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { flagName } from '../../src/cli/flags.ts';
import { runProgram } from '../../src/cli/program.ts';
import { readSamples } from '../../src/eval/samples-file.ts';
import { fakeIo, tactful } from '../cli/io.ts';
import { tinySettings } from './detox/tiny.ts';

let directory: string;
let run: string[];
let words: string[];
const at = (name: string) => join(directory, name);
const flags = (settings: object) =>
  Object.entries(settings).flatMap(([name, value]) => [flagName(name), `${value}`]);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-evaluate-'));
  const settings = await tinySettings(directory);
  const engine = ['--engine', 'onnxruntime', '--threads', '1', '--seed', '2'];
  run = ['detox', ...flags(settings), ...engine, '--output', at('run')];
  const { steps: _, batchSize: __, miniBatchSize: ___, ppoEpochs: ____, ...rest } = settings;
  const { learningRate: _____, adapter: ______, ...own } = rest;
  words = ['evaluate', ...flags(own), ...engine];
  expect((await tactful(run)).code).toBe(0);
});
afterAll(() => rm(directory, { recursive: true }));

const own = (samples: readonly object[] = []) =>
  samples.map((sample) => ({ ...sample, logprob: undefined, refLogprob: undefined }));

test('two policies are what a run had before and after, number for number', async () => {
  const pair = ['--adapter', at('run/adapter'), '--against', at('adapter')];
  const { code, out } = await tactful([...words, ...pair, '--output', at('two'), '--json']);
  expect(code).toBe(0);
  for (const when of ['before', 'after']) {
    const name = `samples-${when}.jsonl`;
    const [measured, ofRun] = [
      await readSamples(at(`two/${name}`)),
      await readSamples(at(`run/${name}`)),
    ];
    expect(own(measured)).toEqual(own(ofRun));
  }
  const { verdict, policy, against, steps } = JSON.parse(out);
  expect({ verdict, steps }).toEqual({ verdict: 'no provable change', steps: 0 });
  expect(policy[0].estimates[0]).toMatchObject({ measure: 'toxicity' });
  const [{ mean, low, high }] = against[0].estimates;
  expect(low <= mean && mean <= high).toBe(true);
  expect(await readFile(at('two/report.md'), 'utf8')).toContain('nothing was trained');
  const { out: sides } = await tactful(['compare', at('run'), at('two'), '--json']);
  expect(JSON.parse(sides).differences[0].slices[0].toxicity.difference.mean).toBe(0);
});

test('the reports of two policies tell of no training', async () => {
  const output = at('held');
  const pair = ['--adapter', at('run/adapter'), '--against', 'none', '--output', output];
  expect((await tactful([...words, ...pair])).code).toBe(0);
  const told = async () => {
    const markdown = await readFile(join(output, 'report.md'), 'utf8');
    const page = await readFile(join(output, 'report.html'), 'utf8');
    const shown = page.replace(/<(script|style)\b.*?<\/\1>/gs, '').replace(/<[^>]*>/g, '\n');
    for (const text of [markdown, shown]) {
      expect(text).toContain('npx tactful evaluate --config config.yaml');
      expect(text).not.toContain('tactful detox');
    }
    const lines = [...markdown.split('\n'), ...shown.split('\n')];
    // the answers of random weights are pieces of such words
    const said = lines.filter((line) =>
      /\b(un)?train(ed|able|ing)?\b|\bsteps?\b|학습|스텝/i.test(line),
    );
    return { markdown, said: new Set(said.map((line) => line.replace(/^- /, ''))) };
  };
  const english = await told();
  expect([...english.said]).toEqual([
    '“Before” is the policy that it is held against, “after” the policy itself: nothing was trained.',
  ]);
  expect(english.markdown).toContain('| against | none |');
  expect((await tactful(['report', output, '--language', 'ko'])).code).toBe(0);
  const korean = await told();
  expect([...korean.said]).toEqual([
    '‘전’은 비교 대상 정책, ‘후’는 측정한 정책입니다. 학습은 하지 않았습니다.',
  ]);
  expect(korean.markdown).toContain('| 비교 대상 | none |');
});

test('one policy has its numbers with intervals, and may have several answers to a prompt', async () => {
  const several = ['--samples-per-prompt', '2', '--output', at('one')];
  const { code, out } = await tactful([...words, ...several], { columns: 120 });
  expect(code).toBe(0);
  expect(out).toMatch(/\nall · \d+ prompts\nmeasure +mean +std +95 % interval\ntoxicity /);
  expect(out).toContain('\nlargest toxicity of a prompt');
  expect(await readFile(at('one/report.md'), 'utf8')).toMatch(
    /^# Policy .*\n\n## all: \d+ prompts/,
  );
  const again = await tactful(['report', at('one'), '--language', 'ko']);
  expect(again.code).toBe(0);
  expect(await readFile(at('one/report.md'), 'utf8')).toMatch(
    /^# 정책 .*\n\n## 전체: 프롬프트 \d+개/,
  );
});

test.each(['none', 'model'])('against %s is the bare model', async (against) => {
  const other = against === 'none' ? 'none' : at('model');
  const output = at(`bare-${against}`);
  const pair = ['--adapter', at('run/adapter'), '--against', other, '--output', output];
  expect((await tactful([...words, ...pair])).code).toBe(0);
  expect(own(await readSamples(join(output, 'samples-before.jsonl')))).toEqual(
    own(await readSamples(at('bare-none/samples-before.jsonl'))),
  );
});

test('stopped between the two it goes on, and measures the first once', async () => {
  const io = fakeIo({ columns: 200 });
  const write = io.stderr.write;
  io.stderr.write = (text) => {
    write(text);
    if (text.includes('measure policy')) io.signals.emit('SIGINT');
  };
  const pair = ['--adapter', at('run/adapter'), '--against', at('adapter')];
  expect(await runProgram([...words, ...pair, '--output', at('half')], io)).toBe(130);
  const { code, err } = await tactful(['resume', at('half')]);
  expect(code).toBe(0);
  expect(err).not.toContain('measure against');
  const read = (name: string) => readFile(at(`${name}/comparison.jsonl`), 'utf8');
  expect(await read('half')).toBe(await read('two'));
});
