/** What editors are told of a config file, against what the command takes. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { configSchema } from '../../src/cli/config-schema.ts';
import { allSettings, firstSettings } from '../../src/cli/config-template.ts';
import { givenSettings } from '../../src/cli/job-options.ts';
import { kinds } from '../../src/jobs/kinds.ts';
import { presets } from '../../src/jobs/presets.ts';
import { RunOptions, settingsUnder } from './detox-settings.ts';
import { tactful } from './io.ts';

const all = await Promise.all(kinds.map(({ load }) => load()));
const kindOf = (name: string) => all.find((kind) => kind.name === name)!;
const schemaOf = (job: string) => z.fromJSONSchema(JSON.parse(configSchema(kindOf(job))));
const schema = schemaOf('detox');
const isValid = (settings: unknown) => schema.safeParse(settings).success;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-schema-'));
});
afterAll(() => rm(directory, { recursive: true }));

test.each(all)('schema/$name.json is what `npm run make:schema` writes', async (kind) => {
  const committed = fileURLToPath(new URL(`../../schema/${kind.name}.json`, import.meta.url));
  expect(await readFile(committed, 'utf8')).toBe(configSchema(kind));
});

describe.each(['sft', 'train-classifier'] as const)('the schema of %s', (job) => {
  const supervised = schemaOf(job);

  test('takes all settings, and groups of them', () => {
    const whole = allSettings(kindOf(job), firstSettings(kindOf(job), {}));
    expect(supervised.safeParse(whole).error).toBeUndefined();
    const grouped = { training: { seed: 3 }, engine: { threads: 2 }, data: { strict: true } };
    expect(supervised.safeParse(grouped).error).toBeUndefined();
  });

  test.each(['steps: 3', 'epochs: 0', 'preset: demo', 'ppo: {}', 'training: { steps: 3 }'])(
    'refuses %s',
    async (line) => {
      const path = join(directory, `${job}.yaml`);
      await writeFile(path, line);
      expect(supervised.safeParse(parse(line)).success).toBe(false);
      const { err } = await tactful([job, '--config', path]);
      expect(err).toContain(`error: ${path}:1`);
    },
  );
});

const grpo = { algorithm: 'grpo', responseLimits: [8, 33], store: 'dynamodb', region: 'eu' };
test.each<[string, Record<string, unknown>]>([
  ['the demo', {}],
  ['a run of GRPO', grpo],
  ['a run with the defects of TRL', { compat: 'trl-0.8.0', calibrate: 0, maxGradNorm: 0.5 }],
])('the config.yaml of %s is valid', async (name, settings) => {
  const config = RunOptions.parse({ ...presets.demo, ...settings });
  for (const [given, file] of [
    [config, 'all'],
    [givenSettings(settings, kindOf('detox').presets), 'given'],
  ] as const) {
    const path = join(directory, `${name} ${file}.yaml`);
    await writeFile(path, stringify(given));
    expect(schema.safeParse(parse(await readFile(path, 'utf8'))).error).toBeUndefined();
  }
});

describe('a file that the command refuses is not valid', () => {
  test.each([
    'stepz: 3',
    'steps: -1',
    'steps: 1.5',
    'steps: "3"',
    'learningRate: 0',
    'gamma: 1.1',
    'adamBetas: [0.9]',
    'algorithm: a2c',
    'without: scoresFirstToken',
    'without: [scoresFirst]',
    'useScoreNorm: 1',
    'model: 7',
    'adapter:',
    'device: tpu',
    'table: ""',
    'preset: labs',
    'config: other.yaml',
    'json: true',
    'generation: { topL: 0 }',
    'kl: { steps: 3 }',
    'engine: { engine: fast }',
  ])('%s', async (line) => {
    const path = join(directory, 'wrong.yaml');
    await writeFile(path, `${line}\n`);
    expect(isValid(parse(line))).toBe(false);
    expect((await tactful(['detox', '--config', path])).code).toBeGreaterThan(0);
  });
});

describe('a file that is valid', () => {
  const file = async (text: string) => {
    const path = join(directory, 'few.yaml');
    await writeFile(path, text);
    expect(isValid(parse(text))).toBe(true);
    return settingsUnder({ config: path }).then(({ values }) => values);
  };

  test('may leave out everything', async () => {
    expect(await file('{}')).toEqual(presets.demo);
  });

  test('lies over a preset that it names', async () => {
    const settings = await file('preset: demo\nmodel: mine\nsteps: 3\noutput: runs/mine\n');
    const { data } = presets.demo;
    expect(settings).toMatchObject({ data, model: 'mine', steps: 3, output: 'runs/mine' });
  });

  test('may put settings into groups', async () => {
    const text = 'preset: lab\nlora: { rank: 8 }\nkl:\n  target: 3\nengine: { threads: 2 }\n';
    const expected = { ...presets.lab, preset: 'lab', loraRank: 8, target: 3, threads: 2 };
    expect(await file(text)).toEqual(expected);
  });

  test('has no preset below it when it names a model', async () => {
    expect(await file('model: mine')).toEqual({ model: 'mine' });
  });
});
