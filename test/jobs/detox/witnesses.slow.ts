/** Runs with judges that the training never sees. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sample } from '../../../src/comparison.ts';
import { doctor } from '../../../src/doctor/doctor.ts';
import type { Finding } from '../../../src/doctor/finding.ts';
import type { RunEvent } from '../../../src/events.ts';
import type { ClassifierConfig } from '../../../src/family/families.ts';
import { writeModelFolder } from '../../../src/family/model-folder.ts';
import { loadTokenizer } from '../../../src/family/tokenizer.ts';
import { DetoxConfig } from '../../../src/jobs/detox/config.ts';
import { detox } from '../../../src/jobs/library.ts';
import { freshClassifier } from '../../../src/model/load.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import { testEngine } from '../../engine.ts';
import { goldenPath } from '../../golden.ts';
import { tinyRoberta } from '../../model/tiny.ts';
import { tinySettings } from './tiny.ts';

let engine: Engine;
let folder: string;
let settings: Awaited<ReturnType<typeof tinySettings>>;
beforeAll(async () => {
  engine = await testEngine();
  folder = await mkdtemp(join(tmpdir(), 'tactful-witnesses-'));
  settings = await tinySettings(folder);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

/** Puts a classifier of random weights into a folder. */
async function classifier(
  name: string,
  over: Partial<Pick<ClassifierConfig, 'labels' | 'head'>> = {},
): Promise<string> {
  const { files } = await loadTokenizer(goldenPath('roberta', 'model'));
  const sizes = { vocabSize: 1505, maxPositions: 514, labels: ['fine', 'toxic'] };
  const config: ClassifierConfig = { ...tinyRoberta, ...sizes, ...over };
  const { parameters } = await freshClassifier(engine, config, 2);
  const path = join(folder, name);
  await writeModelFolder(path, config, parameters.tensors, files);
  return path;
}

async function list(name: string, words: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, words);
  return path;
}

interface Start {
  readonly output?: string;
  readonly resume?: boolean;
  readonly crashes?: boolean;
}

async function eventsOf(options: object, { output, resume = false, crashes }: Start = {}) {
  const config = DetoxConfig.parse({ ...settings, samples: 3, checkpointEvery: 1, ...options });
  const context = { engine, runId: 'a', version: '1', resume, ...(output && { output }) };
  const events: RunEvent[] = [];
  for await (const event of detox(config, context)) {
    events.push(event);
    if (crashes && event.type === 'step') break;
  }
  return events;
}

async function samplesIn(output: string, when: string): Promise<Sample[]> {
  const text = await readFile(join(output, `samples-${when}.jsonl`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('a classifier and lists of words judge every sample, and the run tells what they say', async () => {
  const model = await classifier('second');
  const path = await list('mine.txt', '# any letter\na\ne\n');
  const output = join(folder, 'all');
  const options = { judge: [model, path, 'words'], samplesPerPrompt: 2 };
  const events = await eventsOf(options, { output });
  const [started] = events.filter((event) => event.type === 'started');
  expect(started.judges?.witnesses).toEqual({
    second: 'probability of "toxic"',
    'mine.txt': '1 where one of 2 listed words is there, else 0',
    words: expect.stringMatching(/^1 where one of \d+ listed words is there, else 0$/),
  });
  expect(Object.keys(started.memory?.parts ?? {})).toContain('other judges');
  const prints = Object.keys(started.fingerprints ?? {});
  expect(prints).toEqual(expect.arrayContaining(['judge1/model.safetensors', 'judge2', 'judge3']));
  for (const when of ['before', 'after']) {
    const samples = await samplesIn(output, when);
    expect(samples.map(({ sample }) => sample)).toEqual([0, 0, 0, 1, 1, 1]);
    for (const { judges, logprob, refLogprob } of samples) {
      expect(Object.keys(judges ?? {})).toEqual(['second', 'mine.txt', 'words']);
      expect(judges?.second).toBeGreaterThan(0);
      expect(judges?.second).toBeLessThan(1);
      expect(logprob).toBeLessThan(0);
      if (when === 'before') expect(refLogprob).toBe(logprob);
    }
  }
  const evaluated = events.filter((event) => event.type === 'evaluated');
  expect(evaluated.map(({ judges }) => judges?.second?.n)).toEqual([3, 3]); // prompts, not samples
  const [compared] = events.filter((event) => event.type === 'compared');
  expect(compared.comparison.slices[0].n).toBe(3);
  expect(Object.keys(compared.comparison.slices[0].judges ?? {})).toHaveLength(3);
  const text = await readFile(join(output, 'samples.jsonl'), 'utf8');
  const rows = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows).toHaveLength(6);
  const { buffer } = new Uint8Array(await readFile(join(output, 'samples.parquet')));
  const stored = await parquetReadObjects({ file: buffer as ArrayBuffer, compressors });
  expect(stored).toMatchObject(rows);
});

test('a judge changes no number of the training', async () => {
  const numbers = (events: readonly RunEvent[]) =>
    events.flatMap((event) => {
      if (event.type !== 'step') return [];
      return [Object.entries(event.metrics).filter(([name]) => !name.startsWith('time/'))];
    });
  const without = numbers(await eventsOf({}));
  expect(without).toHaveLength(settings.steps);
  expect(numbers(await eventsOf({ judge: ['words'], samplesPerPrompt: 3 }))).toEqual(without);
});

test('a run goes on with other judges: what was measured before is judged again', async () => {
  const path = await list('first.txt', 'a\n');
  const output = join(folder, 'changed');
  await eventsOf({ judge: [path] }, { output, crashes: true });
  const then = await samplesIn(output, 'before');
  await writeFile(path, 'no such word\n');
  await eventsOf({ judge: [path, 'words'] }, { output, resume: true });
  const now = await samplesIn(output, 'before');
  expect(now.map(({ judges }) => Object.keys(judges ?? {}))).toEqual(
    then.map(() => ['first.txt', 'words']),
  );
  expect(now.every(({ judges }) => judges?.['first.txt'] === 0)).toBe(true);
  const bare = (samples: Sample[]) => samples.map(({ judges: _, ...rest }) => rest);
  expect(bare(now)).toEqual(bare(then));
});

test('a run goes on without a judge, and one that began without with one', async () => {
  const output = join(folder, 'dropped');
  await eventsOf({ judge: ['words'] }, { output, crashes: true });
  await eventsOf({}, { output, resume: true });
  expect((await samplesIn(output, 'before')).some((sample) => 'judges' in sample)).toBe(false);
  const other = join(folder, 'added');
  await eventsOf({}, { output: other, crashes: true });
  await eventsOf({ judge: ['words'] }, { output: other, resume: true });
  expect((await samplesIn(other, 'before')).every((sample) => 'judges' in sample)).toBe(true);
});

test('it goes on with as many samples a prompt as it began with', async () => {
  const output = join(folder, 'fewer');
  await eventsOf({ samplesPerPrompt: 2 }, { output, crashes: true });
  await expect(eventsOf({}, { output, resume: true })).rejects.toThrow(
    'samplesPerPrompt: expected 2, with which the run began, got 1.',
  );
  const events = await eventsOf({ samplesPerPrompt: 2 }, { output, resume: true });
  expect(events.at(-1)?.type).toBe('finished');
});

test('who has a part in the training is no witness of it', async () => {
  const copy = join(folder, 'copy');
  await cp(settings.rewardModel, copy, { recursive: true });
  await writeFile(join(copy, 'README.md'), 'another text');
  for (const judge of [settings.rewardModel, copy]) {
    await expect(eventsOf({ judge: [judge] })).rejects.toThrow(
      `\`judge\`: expected another judge than the reward model, got the same, ${judge}. It would be its own witness.`,
    );
  }
  const toxicityModel = await classifier('measuring', { labels: ['hate'], head: 'multi' });
  await expect(eventsOf({ toxicityModel, judge: [toxicityModel] })).rejects.toThrow(
    'expected another judge than the toxicity model',
  );
  await expect(eventsOf({ judge: ['words', 'words'] })).rejects.toThrow(
    'expected another judge than the ones before it',
  );
});

test('what is no judge is told', async () => {
  const numbers = await classifier('numbers', { labels: ['score'], head: 'regression' });
  await expect(eventsOf({ judge: [numbers] })).rejects.toThrow('got a regression');
  const odd = await classifier('odd', { labels: ['A', 'B'] });
  await expect(eventsOf({ judge: [odd] })).rejects.toThrow(
    'Say which label is toxic with `judgeLabel`.',
  );
  const named = await eventsOf({ judge: [odd], judgeLabel: 'B' });
  expect(named.find((event) => event.type === 'started')?.judges?.witnesses).toEqual({
    odd: 'probability of "B"',
  });
  await expect(eventsOf({ judge: [odd], judgeLabel: 'C' })).rejects.toThrow(
    'expected one of "A", "B", got "C"',
  );
  const missing = join(folder, 'missing.txt');
  await expect(eventsOf({ judge: [missing] })).rejects.toThrow(missing);
  const empty = await list('empty.txt', '# nothing\n');
  await expect(eventsOf({ judge: [empty] })).rejects.toThrow('expected a list of words, got none');
  expect((await eventsOf({ judge: ['none'] })).at(-1)?.type).toBe('finished');
});

test('doctor names the judges, and finds a label that is not there', async () => {
  const find = async (options: object) => {
    const findings: Finding[] = [];
    const config = DetoxConfig.parse({ ...settings, samples: 3, ...options });
    for await (const event of doctor(config, { engine }))
      if (event.type === 'finding') findings.push(event.finding);
    return findings;
  };
  const odd = await classifier('odd-again', { labels: ['A', 'B'] });
  const found = await find({ judge: [odd, 'words'] });
  const [label] = found.filter(({ check }) => check === 'judge-label');
  expect(label).toMatchObject({ status: 'error', says: expect.stringContaining('judgeLabel') });
  const fine = await find({ judge: ['words'] });
  const [judges] = fine.filter(({ check }) => check === 'judges');
  expect(judges.says).toContain('Judges that the training never sees: words: 1 where one of ');
});
