import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAssignments, readConfigFile } from '../../src/cli/config-file.ts';
import { groups, headings } from '../../src/cli/headings.ts';
import { TactfulError } from '../../src/errors.ts';
import { fileSettings } from './detox-settings.ts';
import { tactful } from './io.ts';

let directory: string;
let path: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-config-'));
  path = join(directory, 'mine.yaml');
});
afterAll(() => rm(directory, { recursive: true }));

async function read(text: string) {
  await writeFile(path, text);
  return readConfigFile(path, fileSettings);
}

async function assigned(...texts: string[]) {
  return (await readAssignments(texts, fileSettings)).values;
}

test('every heading has a group', () => {
  const grouped = Object.values(groups).flat();
  expect(Object.keys(headings).filter((heading) => !grouped.includes(heading))).toEqual([]);
});

describe('a config file', () => {
  test('says settings by themselves or in groups, and knows their lines', async () => {
    const text =
      'steps: 3\nppo:\n  learningRate: 1e-5\n\n  target: 4\nlora: { rank: 8 }\ndata: x.csv\n';
    const { values, where } = await read(text);
    expect(values).toEqual({ steps: 3, learningRate: 1e-5, target: 4, loraRank: 8, data: 'x.csv' });
    expect(where('steps')).toBe(`${path}:1 steps`);
    expect(where('target')).toBe(`${path}:5 ppo.target`);
    expect(where('loraRank')).toBe(`${path}:6 lora.rank`);
  });

  test.each([
    ['# none\nstepz: 3', ':2: expected a known setting, got "stepz". Did you mean "steps"?'],
    [
      'ppo:\n  steps: 3\n  learningRat: 1',
      ':3: expected a known setting, got "ppo.learningRat". Did you mean "ppo.learningRate"?',
    ],
    ['kl: { steps: 3 }', ':1: expected a known setting, got "kl.steps". Did you mean "steps"?'],
    ['ppoo: { steps: 3 }', ':1: expected a known setting, got "ppoo".'],
    ['a: 1', ':1: expected a known setting, got "a".'],
    ['\nsteps: ten', ':2 steps: expected a whole number of at least 0, got "ten".'],
    ['ppo:\n  steps: -1', ':2 ppo.steps: expected a whole number of at least 0, got -1.'],
    [
      'algorithm: grp',
      ':1 algorithm: expected one of ppo, rloo, grpo, got "grp". Did you mean "grpo"?',
    ],
    [
      'promptTemplate: Summarize.',
      ':1 promptTemplate: expected a text with {dialogue} in it once, or a module (.ts, .js, .mjs), got "Summarize.".',
    ],
    ['adamBetas: [0.9, x]', ':1 adamBetas: expected a number of at least 0 and below 1, got "x".'],
    ['adapter:', ':1 adapter: expected a text, got null.'],
    ['model: { revision: x }', ':1 model: expected a text, got {"revision":"x"}.'],
    [
      'steps: 3\nppo: { steps: 4 }',
      ':2 ppo.steps: expected each setting once, got PATH:1 steps as well.',
    ],
    [
      'steps: 3\nsteps: 4',
      ': expected YAML, got something else. Map keys must be unique at line 2, column 1.',
    ],
    [
      '- steps',
      ': expected settings as YAML, `name: value` a line, got no mapping. A file to begin with is written by: npx tactful init',
    ],
    ['? [a]\n: 1', /:1: expected a known setting, got /],
    ['__proto__: { steps: 1 }', ':1: expected a known setting, got "__proto__".'],
    ['constructor: 1', ':1: expected a known setting, got "constructor".'],
    ['steps: *nobody', /: expected YAML, got something else\. Unresolved alias/],
  ])('%j is told with its line', async (text, message) => {
    const error = await read(text).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TactfulError);
    if (message instanceof RegExp) expect(error.message.replace(path, '')).toMatch(message);
    else expect(error.message).toBe(`${path}${message.replace('PATH', path)}`);
  });

  test('that is anything at all gives settings or an error of ours', async () => {
    const name = fc.constantFrom(
      'steps',
      'ppo',
      'lora',
      'data',
      'x',
      'ppo.steps',
      '<<',
      '__proto__',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.tuple(name, fc.json({ maxDepth: 3 })))
        .map((pairs) => pairs.map(([key, value]) => `${key}: ${value}`).join('\n')),
    );
    const property = fc.asyncProperty(text, async (file) => {
      const error = await read(file).then(
        () => undefined,
        (thrown) => thrown,
      );
      expect(error === undefined || error instanceof TactfulError).toBe(true);
    });
    await fc.assert(property, { numRuns: Number(process.env.FUZZ_RUNS ?? 50) });
  });
});

describe('--set', () => {
  test('takes names, names with a group, and values as YAML', async () => {
    const texts = ['steps=3', 'ppo.learningRate=1e-5', 'lora.rank=8', 'data.testShare=.25'];
    const lists = ['responseLimits=[8, 33]', 'lora.targets=[q, v, k]', 'generation.sample=false'];
    expect(await assigned(...texts, ...lists)).toEqual({
      steps: 3,
      learningRate: 1e-5,
      loraRank: 8,
      testShare: 0.25,
      responseLimits: [8, 33],
      loraTargets: ['q', 'v', 'k'],
      sample: false,
    });
  });

  test('leaves a text a text', async () => {
    const texts = ['revision=0012', 'data=a=b.csv', 'rewardLabel="not hate"', 'dataRevision=1e5'];
    const rewardLabel = 'not hate';
    const expected = { revision: '0012', data: 'a=b.csv', rewardLabel, dataRevision: '1e5' };
    expect(await assigned(...texts)).toEqual(expected);
  });

  test.each([
    ['{dialogue}\\n\\nTL;DR: \\\\n', '{dialogue}\n\nTL;DR: \\n'],
    ['"Sum up:\\n{dialogue}"', 'Sum up:\n{dialogue}'],
  ])('takes the prompt %s as a flag does, or as YAML in quotes', async (text, expected) => {
    expect(await assigned(`promptTemplate=${text}`)).toEqual({ promptTemplate: expected });
  });

  test.each([
    [['steps'], '--set: expected name=value, got "steps".'],
    [['stepz=1'], '--set: expected a known setting, got "stepz". Did you mean "steps"?'],
    [
      ['ppo.learningRat=1'],
      '--set: expected a known setting, got "ppo.learningRat". Did you mean "ppo.learningRate"?',
    ],
    [
      ['foo.steps=1'],
      '--set: expected a known setting, got "foo.steps". Did you mean "ppo.steps"?',
    ],
    [['steps=-1'], '--set steps: expected a whole number of at least 0, got -1.'],
    [['steps=[1'], /^--set steps: expected a value as YAML, got "\[1"/],
    [
      ['steps=1', 'ppo.steps=2'],
      '--set ppo.steps: expected each setting once, got --set steps as well.',
    ],
  ])('refuses %j', async (texts, message) => {
    await expect(assigned(...texts)).rejects.toThrow(message);
  });

  test('goes over the file, and not together with the flag of the same setting', async () => {
    await writeFile(path, 'steps: 5\n');
    const wrong = ['--set', 'batchSize=7', '--set', 'training.steps=4', '--criticWarmup'];
    const words = ['detox', '--config', path, ...wrong.slice(0, 4)];
    const { err } = await tactful(words);
    expect(err).toContain('--mini-batch-size × --gradient-accumulation-steps must divide');
    expect(err).toContain('got --mini-batch-size 8, --batch-size 7');
    expect(err).toMatch(/ Said by --set batchSize\.\n$/);
    await writeFile(path, 'kl: { target: 3 }\ntraining:\n  batchSize: 7\n');
    expect((await tactful(words.slice(0, 3))).err).toMatch(
      new RegExp(` Said by \`training\\.batchSize\` \\(${path}:3\\)\\.\\n$`),
    );
    await writeFile(path, 'steps: 5\n');
    const late = await tactful([...words.slice(0, 3), '--set', 'steps=4', '--warmup', '4']);
    expect(late.err).toContain('got --warmup 4 and --steps 4. Said by --set steps.');
    const twice = await tactful([...words.slice(0, 3), '--set', 'steps=4', '--steps', '4']);
    expect(twice).toEqual({
      code: 1,
      out: '',
      err: 'error: --set steps: expected each setting once, got --steps as well.\n',
    });
  });
});
