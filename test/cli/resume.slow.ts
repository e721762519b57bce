import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import type { RunEvent } from '../../src/events.ts';
import { tinySettings } from '../jobs/detox/tiny.ts';
import { fakeIo, tactful } from './io.ts';

let directory: string;
let words: string[];
/** A run that was never stopped, and the object that it printed. */
let whole: string;
let printed: Record<string, unknown>;
/** A run stopped by Ctrl-C after its first step. */
let stopped: string;
let told: string;
const at = (name: string) => join(directory, name);
const read = (...path: string[]) => readFile(join(...path), 'utf8');
const eventsOf = async (run: string): Promise<RunEvent[]> =>
  (await read(run, 'events.jsonl'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-resume-cli-'));
  const { adapter, ...settings } = await tinySettings(directory);
  const flags = { ...settings, adapter, batchSize: 4, miniBatchSize: 2, samples: 3, rows: 3 };
  const evaluate = { evaluateEvery: 1, validationSamples: 2, checkpointEvery: 1, threads: 1 };
  words = Object.entries({ ...flags, ...evaluate }).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  [whole, stopped] = [at('whole'), at('stopped')];
  const { out, code } = await tactful(['detox', ...words, '--output', whole, '--json']);
  expect(code).toBe(0);
  printed = JSON.parse(out);
  const io = fakeIo({ columns: 200 });
  const write = io.stderr.write;
  io.stderr.write = (text) => {
    write(text);
    if (text.includes('1/2')) io.signals.emit('SIGINT');
  };
  expect(await runProgram(['detox', ...words, '--output', stopped], io)).toBe(130);
  told = io.out.join('');
});
afterAll(() => rm(directory, { recursive: true }));

/** A copy of the stopped run, to change. */
async function copyOf(name: string): Promise<string> {
  await cp(stopped, at(name), { recursive: true });
  return at(name);
}

test('Ctrl-C ends with the command that goes on', () => {
  expect(told).toMatch(/\nStopped after step 1 of 2\.\n/);
  expect(told.endsWith(`\nGo on with:\n  npx tactful resume ${stopped}\n`)).toBe(true);
});

describe('resume', () => {
  test('goes on and ends with the bytes of the run that was never stopped', async () => {
    const run = await copyOf('resumed');
    const { code, out, err } = await tactful(['resume', run]);
    expect({ code }).toEqual({ code: 0 });
    expect(out).toMatch(/^folder .*\nengine .*\ngoes on +after step 1 of 2\nstep 2\/2 +reward /);
    expect(out).toMatch(/\n2 steps in .*\nadapter .*\nbest adapter .*best, of step \d\n/);
    expect(err).toContain('train 2/2 (100 %)');
    for (const name of ['comparison.jsonl', 'comparison.csv', 'samples-before.jsonl']) {
      expect(await read(run, name), name).toBe(await read(whole, name));
    }
    for (const name of await readdir(join(whole, 'adapter'))) {
      expect(await read(run, 'adapter', name), name).toBe(await read(whole, 'adapter', name));
    }
    const names = async (folder: string) => (await readdir(folder)).sort();
    expect(await names(run)).toEqual(await names(whole));
    const types = (events: RunEvent[]) => events.map(({ type }) => type);
    const log = types(await eventsOf(run));
    expect(log.filter((type) => type !== 'resumed')).toEqual(types(await eventsOf(whole)));
    expect(log.filter((type) => type === 'resumed')).toHaveLength(1);
  });

  test('prints the object that the run would have printed', async () => {
    const run = await copyOf('json');
    const { code, out } = await tactful(['resume', run, '--json', '--quiet']);
    expect(code).toBe(0);
    const { resumed, seconds, memory, ...result } = JSON.parse(out);
    expect(resumed).toEqual({ step: 1, notes: [] });
    const best = { ...(printed.best as object), directory: join(run, 'best') };
    const {
      seconds: _,
      memory: before,
      ...expected
    }: Record<string, unknown> = {
      ...printed,
      runId: 'stopped',
      directory: run,
      best,
    };
    expect(result).toEqual(expected);
    expect(memory.estimated).toEqual((before as typeof memory).estimated);
    expect(memory.peak).toBeGreaterThan(0);
  });

  test('of a finished run shows its result again, without training', async () => {
    const { code, out } = await tactful(['resume', whole]);
    expect(code).toBe(0);
    expect(out).toMatch(/^The job is finished: there is nothing left to do\.\n\n\w[^:]+: mean tox/);
    expect(out).toContain('\nall · 3 prompts\n');
    expect(out).toMatch(/\n\n2 steps in .*\nadapter /);
    const json = await tactful(['resume', whole, '--json']);
    expect(JSON.parse(json.out)).toEqual(printed);
  });

  test('of a run that broke off before its first checkpoint starts it again', async () => {
    const run = await copyOf('early');
    await rm(join(run, 'checkpoints'), { recursive: true });
    await writeFile(join(run, 'events.jsonl'), (await read(run, 'events.jsonl')).slice(0, 99));
    const { code, out } = await tactful(['resume', run]);
    expect(code).toBe(0);
    expect(out).toMatch(/^run +early\n/);
    expect(await read(run, 'comparison.jsonl')).toBe(await read(whole, 'comparison.jsonl'));
    expect((await eventsOf(run)).map(({ type }) => type)).toEqual(
      (await eventsOf(whole)).map(({ type }) => type),
    );
  });

  test('after a damaged checkpoint takes the one before, and says so', async () => {
    const run = await copyOf('damaged');
    await appendFile(join(run, 'checkpoints', 'step-000001', 'state.safetensors'), '!');
    const { code, out } = await tactful(['resume', run]);
    expect(code).toBe(0);
    expect(out).toMatch(/goes on +after step 0 of 2\nnote +A newer checkpoint was passed over\.\s/);
    expect(await read(run, 'comparison.jsonl')).toBe(await read(whole, 'comparison.jsonl'));
  });
});

test('auto is the engine that the run began with, whatever is set up since', async () => {
  const run = await copyOf('engine');
  const config = await read(run, 'config.yaml');
  expect(config).toContain('\nengine: onnxruntime\n');
  await writeFile(join(run, 'config.yaml'), config.replace('engine: onnx', 'engine: openvino #'));
  const { code, err } = await tactful(['resume', run]);
  expect(code).toBe(1);
  expect(err).toContain("engine openvino: expected OpenVINO's library, got not found.");
});

describe('what resume refuses', () => {
  const refused = async (run: string) => {
    const { code, out, err } = await tactful(['resume', run]);
    expect(out).toBe('');
    return { code, err };
  };

  test('another setting in config.yaml, by name and with both values', async () => {
    const run = await copyOf('setting');
    const path = join(run, 'config.yaml');
    await writeFile(path, (await read(path)).replace(/learningRate: .*/, 'learningRate: 0.002'));
    const log = await read(run, 'events.jsonl');
    const { code, err } = await refused(run);
    expect(code).toBe(1);
    expect(err).toContain(
      'error: learningRate: expected 0.001, with which the run began, got 0.002. Put it back, or start a new run.\n',
    );
    expect(await read(run, 'events.jsonl')).toBe(log);
  });

  test('other data', async () => {
    const run = await copyOf('data');
    const path = at('dialogues.jsonl');
    const text = await read(path);
    await writeFile(path, text.replace('#Person1#', '#Person3#'));
    const { code, err } = await refused(run);
    await writeFile(path, text);
    expect(code).toBe(1);
    expect(err).toMatch(
      /error: data \S*dialogues\.jsonl: expected sha256 \w+…, as when the run began, got sha256 \w+…\. Put it back as it was, or start a new run\.\n/,
    );
  });

  test('settings that do not exist, and a config.yaml that is none', async () => {
    const run = await copyOf('unknown');
    await appendFile(join(run, 'config.yaml'), 'learningRat: 1\n');
    expect((await refused(run)).err).toBe(
      'error: config: expected a known setting, got "learningRat". Did you mean "learningRate"?\n',
    );
    await writeFile(join(run, 'config.yaml'), 'a: [');
    expect((await refused(run)).err).toMatch(/^error: \S*config\.yaml: expected YAML, got /);
    await writeFile(join(run, 'config.yaml'), '');
    expect((await refused(run)).err).toMatch(/^error: \S*config\.yaml: expected settings as YAML/);
  });

  test('a folder without a run, and no folder at all', async () => {
    expect(await refused(at('none'))).toEqual({
      code: 1,
      err: `error: run folder ${at('none')}: expected a run to resume, got an empty or missing folder. Check the path, or start a new run.\n`,
    });
    expect((await refused(at('model'))).err).toContain('got no config.yaml');
    expect((await tactful(['resume'])).code).toBe(2);
    expect((await tactful(['resume', whole, stopped])).code).toBe(2);
  });
});

test('detox refuses a folder that holds a run, and names resume', async () => {
  const { code, err } = await tactful(['detox', ...words, '--output', stopped]);
  expect(code).toBe(1);
  expect(err).toBe(
    `error: run folder ${stopped}: expected a new or empty folder, got one that already holds a run. Name another folder by --output, or go on: npx tactful resume ${stopped}\n`,
  );
});

test('help of resume', async () => {
  expect((await tactful(['resume', '--help'])).out).toMatchSnapshot();
});
