/** What settings are called in messages: as flags, where a file says them, or not at all. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { flagsOf } from '../../src/cli/flags.ts';
import {
  commandNames,
  named,
  namedRemedy,
  noteText,
  renamed,
  resumedNames,
} from '../../src/cli/remedies.ts';
import { ConfigError, InputError } from '../../src/errors.ts';
import { tactful } from './io.ts';

const flags = flagsOf(z.strictObject({ batchSize: z.int(), device: z.string(), data: z.string() }));
const names = commandNames(flags);

describe('a text', () => {
  test('names flags in place of settings, and leaves other words in backticks', () => {
    const text = 'Lower `batchSize`, not `steps`; see `hf auth login` and `comparison.csv`.';
    expect(named(text, names)).toBe(
      'Lower --batch-size, not `steps`; see `hf auth login` and `comparison.csv`.',
    );
  });

  test('names the place where a file or --set says a setting', () => {
    const said = commandNames(
      flags,
      (name) => ({ batchSize: 'my run.yaml:3 ppo.batchSize', device: '--set device' })[name],
    );
    expect(named('Lower `batchSize`, or use another `device` or `data`.', said)).toBe(
      'Lower `ppo.batchSize` (my run.yaml:3), or use another --set device or --data.',
    );
  });

  test('does without the sentences of a remedy that name what is no setting here', () => {
    expect(namedRemedy('Set `labelColumn`. Use other `data`? Or wait.', names)).toBe(
      'Use other --data? Or wait.',
    );
    expect(namedRemedy('Set `labelColumn`.', names)).toBe('');
    expect(noteText({ says: 'Odd `data`.', remedy: 'Set `steps`.' }, names)).toBe('Odd --data.');
  });

  test('of what goes on says what may still be set, and how else to begin anew', () => {
    const going = resumedNames(flags, { job: 'sft', file: 'my out/config.yaml', free: ['device'] });
    expect(namedRemedy('Use another `device`.', going)).toBe(
      'Use another `device` in my out/config.yaml.',
    );
    expect(namedRemedy('Lower `batchSize`.', going)).toBe(
      "Lower --batch-size. What goes on keeps its settings; to begin anew with others: npx tactful sft --config 'my out/config.yaml'",
    );
  });
});

describe('an error', () => {
  test('is told anew: its place, its remedy, and what was added to it since', () => {
    const error = new ConfigError('`data`', 'a', 'b', 'Lower `steps`. Lower `batchSize`.');
    error.message += ' The best lies in `data`.';
    renamed(error, names);
    expect(error.message).toBe(
      '--data: expected a, got b. Lower --batch-size. The best lies in --data.',
    );
  });

  test('is told in full where its remedy has been put in other words', () => {
    const error = new InputError('x', 'a', 'b', 'Unpack temporary/x, or set `steps`.');
    error.message = error.message.replaceAll('temporary/x', 'x.zip');
    renamed(error, names);
    expect(error.message).toBe('x: expected a, got b. Unpack x.zip, or set `steps`.');
  });

  test('of another kind stays as it is', () => {
    expect(renamed('`data`', names)).toBe('`data`');
    expect(renamed(new TypeError('`data`'), names)).toEqual(new TypeError('`data`'));
  });
});

describe('what is told can be done', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const demo = new URL('../../demo/', import.meta.url).pathname;
  const model = ['--model', join(demo, 'model')];
  const engine = ['--engine', 'onnxruntime'];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tactful-names-'));
    await writeFile(at('odd.csv'), 'nr,lines,gold\n1,A: Hi! B: Hello.,They greet.\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    ['sft', [...model]],
    ['doctor', ['--reward-model', join(demo, 'reward-model')]],
    ['detox', ['--reward-model', join(demo, 'reward-model')]],
    ['train-classifier', ['--model', join(demo, 'reward-model')]],
  ])('%s names the flag for a column that it does not find', async (command, words) => {
    const line = [command, ...words, '--data', at('odd.csv'), '--output', at('out'), ...engine];
    const given =
      command === 'doctor'
        ? line.filter(
            (_, i) => i !== line.indexOf('--output') && i !== line.indexOf('--output') + 1,
          )
        : line;
    const { err, code } = await tactful(given);
    expect(code).toBe(1);
    const [flag] = /--\w+-column/.exec(err) ?? [];
    expect(err).toMatch(/Set --\w+-column to the one that holds it\.\n$/);
    const column = {
      '--dialogue-column': 'lines',
      '--summary-column': 'gold',
      '--text-column': 'lines',
    };
    const followed = await tactful([...given, flag!, column[flag as keyof typeof column]]);
    expect(followed.err).not.toContain(flag);
    expect(followed.code).not.toBe(2);
  });

  test('a setting of a config file is named with its line, one of --set as such', async () => {
    await writeFile(at('set.yaml'), `model: ${demo}model\nrevision: main\ndata: x\n`);
    const file = await tactful(['sft', '--config', at('set.yaml')]);
    expect(file.err).toBe(
      `error: \`revision\` (${at('set.yaml')}:2): expected a name on the hub beside it, got the folder ${demo}model. Leave \`revision\` (${at('set.yaml')}:2) out.\n`,
    );
    const set = ['--set', 'revision=main', '--set', `model=${demo}model`, '--data', 'x'];
    const { err } = await tactful(['sft', ...set]);
    expect(err).toContain('Leave --set revision out.');
    const flag = await tactful([
      'sft',
      '--model',
      `${demo}model`,
      '--revision',
      'main',
      '--data',
      'x',
    ]);
    expect(flag.err).toContain('error: --revision: expected');
  });
});
