import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runProgram } from '../../src/cli/program.ts';
import { steadyLog } from '../jobs/log.ts';
import { shallowRoberta, shallowT5 } from '../shallow.ts';
import { fakeIo, tactful } from './io.ts';

let directory: string;
const at = (name: string) => join(directory, name);
const read = (...path: string[]) => readFile(join(...path), 'utf8');

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-resume-job-'));
  await shallowT5(at('t5'));
  await shallowRoberta(at('roberta'));
  const rows = Array.from({ length: 15 }, (_, i) => ({ dialogue: `Is it ${i}?`, summary: `${i}` }));
  await writeFile(at('data.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const texts = Array.from({ length: 16 }, (_, i) => (i % 2 ? `thanks ${i},0` : `fool ${i},1`));
  await writeFile(at('texts.csv'), `text,label\n${texts.join('\n')}\n`);
});
afterAll(() => rm(directory, { recursive: true }));

const often = [
  '--batch-size',
  '4',
  '--evaluate-every',
  '1',
  '--threads',
  '1',
  '--epochs',
  '1',
  '--engine',
  'onnxruntime',
];
const commands: Record<string, () => string[]> = {
  sft: () => [
    ...['sft', '--model', at('t5'), '--data', at('data.jsonl'), '--minimum-length', '0'],
    ...['--lora-rank', '2', '--max-response-tokens', '3', '--evaluation-samples', '1', ...often],
  ],
  'train-classifier': () => [
    ...['train-classifier', '--data', at('texts.csv'), '--model-config', at('roberta/config.json')],
    ...['--tokenizer', at('roberta'), ...often],
  ],
};

/** Presses Ctrl-C when the first step is done. */
async function stopped(words: readonly string[]) {
  const io = fakeIo({ columns: 200 });
  const write = io.stderr.write;
  io.stderr.write = (text) => {
    write(text);
    if (text.includes('train ')) io.signals.emit('SIGINT');
  };
  const code = await runProgram(words, io);
  return { code, out: io.out.join('') };
}

describe.each(Object.entries(commands))('%s', (name, words) => {
  let whole: string;
  let half: string;
  let printed: Record<string, unknown>;
  let told: string;
  beforeAll(async () => {
    [whole, half] = [at(`${name}-whole`), at(`${name}-half`)];
    const { code, out } = await tactful([...words(), '--output', whole, '--json']);
    expect(code).toBe(0);
    printed = JSON.parse(out);
    const stop = await stopped([...words(), '--output', half]);
    expect(stop.code).toBe(130);
    told = stop.out;
  });

  async function copyOfHalf(copy: string): Promise<string> {
    await cp(half, at(copy), { recursive: true });
    return at(copy);
  }

  test('stopped by Ctrl-C ends with the command that goes on, and keeps its settings', async () => {
    expect(told).toMatch(/\nStopped after step 1 of 3\.\n/);
    expect(told.endsWith(`\nGo on with:\n  npx tactful resume ${half}\n`)).toBe(true);
    const settings = parse(await read(half, 'config.yaml'));
    expect(settings).toMatchObject({ batchSize: 4, engine: 'onnxruntime', threads: 1 });
  });

  test('goes on, and ends with the bytes of one that was never stopped', async () => {
    const output = await copyOfHalf(`${name}-resumed`);
    const { code, out, err } = await tactful(['resume', output]);
    expect(code).toBe(0);
    expect(out).toMatch(/\ngoes on {9}after step 1 of 3\nstep 1\/3 /);
    expect(out).toMatch(/\n3 steps in .*\n(.*\n)*held-out loss .*\n/);
    expect(err).toContain('train 3/3 (100 %)');
    expect((await readdir(output)).sort()).toEqual((await readdir(whole)).sort());
    for (const file of (await readdir(whole)).filter((file) => file !== 'events.jsonl')) {
      expect(await read(output, file), file).toBe(await read(whole, file));
    }
    expect(await steadyLog(join(output, 'events.jsonl'))).toEqual(
      await steadyLog(join(whole, 'events.jsonl')),
    );
  });

  test('prints the object that it would have printed', async () => {
    const output = await copyOfHalf(`${name}-json`);
    const { out } = await tactful(['resume', output, '--json', '--quiet']);
    const { resumed, seconds, ...result } = JSON.parse(out);
    expect(resumed).toEqual({ step: 1, notes: [] });
    const { seconds: _, ...expected } = printed;
    expect(result).toEqual({ ...expected, output });
  });

  test('that is finished is told once more, without training', async () => {
    const { code, out } = await tactful(['resume', whole]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^The job is finished: there is nothing left to do\.\n\n3 steps in .*\.\n(.*\n)*held-out loss .*\n(.*\n)*result {10}\S+, the best: after step \d\n/,
    );
    const json = JSON.parse((await tactful(['resume', whole, '--json'])).out);
    expect(json).toEqual(printed);
  });

  test('says what it passes over, and what it refuses', async () => {
    const output = await copyOfHalf(`${name}-changed`);
    const path = join(output, 'config.yaml');
    const yaml = await read(path);
    await writeFile(path, yaml.replace('batchSize: 4', 'batchSize: 5'));
    const other = await tactful(['resume', output]);
    expect(other).toMatchObject({ code: 1, out: '' });
    expect(other.err).toContain(
      'error: batchSize: expected 4, with which the run began, got 5. Put it back, or start a new run.\n',
    );
    await writeFile(path, `${yaml}batchSiz: 1\n`);
    expect((await tactful(['resume', output])).err).toBe(
      'error: config: expected a known setting, got "batchSiz". Did you mean "batchSize"?\n',
    );
    await writeFile(path, yaml);
    await appendFile(join(output, 'checkpoints', 'step-000001', 'state.safetensors'), '!');
    expect((await tactful(['resume', output])).err).toMatch(
      /error: \S+: expected a whole checkpoint, got none \(.*\)\. Remove them, and the run/,
    );
  });

  test('refuses to start anew in a folder with an unfinished one, and names resume', async () => {
    const { code, err } = await tactful([...words(), '--output', half]);
    expect(code).toBe(1);
    expect(err).toBe(
      `error: ${half}: expected a new or empty folder, or one that tactful ${name} wrote, got one with an unfinished ${name}. Name another folder by --output, go on: npx tactful resume ${half}, or remove ${half}/checkpoints to start anew.\n`,
    );
  });

  test('that broke off before its first checkpoint begins again', async () => {
    const output = await copyOfHalf(`${name}-early`);
    await rm(join(output, 'checkpoints'), { recursive: true });
    const { code, out } = await tactful(['resume', output]);
    expect(code).toBe(0);
    expect(out).not.toContain('goes on');
    expect(await read(output, 'training.json')).toBe(await read(whole, 'training.json'));
  });
});

test('a job that this version does not know is refused', async () => {
  const output = at('unknown');
  await cp(at('sft-half'), output, { recursive: true });
  const log = await read(output, 'events.jsonl');
  await writeFile(join(output, 'events.jsonl'), log.replace('"job":"sft"', '"job":"dpo"'));
  expect((await tactful(['resume', output])).err).toBe(
    `error: ${output}: expected an unfinished detox or evaluate or sft or train-classifier, got one of dpo.\n`,
  );
});
