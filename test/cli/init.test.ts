import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { allSettings, configTemplate } from '../../src/cli/config-template.ts';
import { jobOptions } from '../../src/cli/job-options.ts';
import { readSettings } from '../../src/cli/settings.ts';
import { classifyKind } from '../../src/jobs/classify.ts';
import { detoxKind } from '../../src/jobs/detox/detox.ts';
import { labGaps, type PresetName, presetSettings, presets } from '../../src/jobs/presets.ts';
import { sftKind } from '../../src/jobs/sft.ts';
import { fileSettings, RunOptions, resolvedOptions, settingsUnder } from './detox-settings.ts';
import { tactful } from './io.ts';

const kindOf = (job: string) => [sftKind, classifyKind].find(({ name }) => name === job)!;

let directory: string;
const at = (name: string) => join(directory, name);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-init-'));
});
afterAll(() => rm(directory, { recursive: true }));

const cases = (Object.keys(presets) as PresetName[]).flatMap((preset) =>
  (['none', 'trl-0.8.0'] as const).map((compat) => ({ preset, compat })),
);

describe.each(cases)('the file of $preset with compat $compat', ({ preset, compat }) => {
  const expected = {
    ...presetSettings(preset, compat),
    ...(compat !== 'none' && { compat }),
  };
  const text = configTemplate(detoxKind, { preset, compat });

  test('says exactly the settings of the preset', () => {
    expect(parse(text)).toEqual(expected);
  });

  test('gives the run that the preset gives', async () => {
    await writeFile(at('some.yaml'), text);
    const { values: settings } = await settingsUnder({ config: at('some.yaml') });
    expect(RunOptions.parse(settings)).toEqual(RunOptions.parse(expected));
  });

  test('has behind a # the values that the other settings have then', () => {
    const uncommented = text.replace(/^# ([a-z]\w*: \S.*)$/gim, (line, setting: string) =>
      setting.split(':')[0] in fileSettings.shape ? setting : line,
    );
    const config = resolvedOptions(expected);
    expect(parse(uncommented)).toEqual(config);
  });

  test('names every setting, within 100 columns', () => {
    const { preset: _, ...fields } = fileSettings.shape;
    const named = [...text.matchAll(/^(?:# )?(\w+):/gm)].map(([, name]) => name);
    expect(named.filter((name) => name in fields).toSorted()).toEqual(
      Object.keys(fields).toSorted(),
    );
    const long = text.split('\n').filter((line) => line.startsWith('#') && line.length > 100);
    expect(long).toEqual([]);
  });
});

describe.each([sftKind, classifyKind])('the file of $name', (kind) => {
  const { known: settings } = jobOptions(kind);
  const text = configTemplate(kind);
  const named = [...text.matchAll(/^(?:# )?(\w+):/gm)].map(([, name]) => name);

  test('names every setting, and says what the job cannot do without', () => {
    expect(named.filter((name) => name in settings.shape).toSorted()).toEqual(
      Object.keys(settings.shape).toSorted(),
    );
    expect(parse(text)).toEqual(kind.first);
    expect(Object.keys(parse(text)).toSorted()).toEqual(['data', 'model']);
  });

  test('has behind a # the defaults, and is taken whole', async () => {
    const uncommented = text.replace(/^# ([a-z]\w*: \S.*)$/gim, (line, setting: string) =>
      setting.split(':')[0] in settings.shape ? setting : line,
    );
    expect(parse(uncommented)).toEqual(allSettings(kind, parse(text)));
    await writeFile(at('whole.yaml'), uncommented);
    const { values: under } = await readSettings({ config: at('whole.yaml') }, { known: settings });
    expect(settings.parse(under)).toEqual(allSettings(kind, parse(text)));
  });

  test('says at which rate it learns', () => {
    expect(text).toMatch(/^# learningRate: \S/m);
  });
});

test("the lab's file says what of the notebook it does not repeat, where it is to repeat it", () => {
  const words = (text: string) => text.replace(/\s+(# +)?/g, ' ');
  const lab = words(configTemplate(detoxKind, { preset: 'lab', compat: 'trl-0.8.0' }));
  expect(labGaps.filter((gap) => !lab.includes(gap))).toEqual([]);
  expect(configTemplate(detoxKind, { preset: 'lab', compat: 'none' })).not.toContain('notebook');
});

describe('tactful init', () => {
  test('writes a file and says how to use it', async () => {
    const file = at('new.yaml');
    const { code, out, err } = await tactful(['init', file, '--preset', 'lab']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(
      `${file} has the settings of lab. Run them with:\n  npx tactful detox --config ${file}\n`,
    );
    const text = configTemplate(detoxKind, { preset: 'lab', compat: 'none' });
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  test('leaves a file that is there alone, unless it is forced', async () => {
    const file = at('old.yaml');
    await writeFile(file, 'steps: 3\n');
    expect(await tactful(['init', file])).toEqual({
      code: 1,
      out: '',
      err: `error: ${file}: expected no file yet, got one that is there. Use --force to replace it.\n`,
    });
    expect(await readFile(file, 'utf8')).toBe('steps: 3\n');
    expect((await tactful(['init', file, '--force'])).code).toBe(0);
    expect(parse(await readFile(file, 'utf8'))).toEqual(presets.demo);
  });

  test.each(['sft', 'train-classifier'] as const)('writes one for %s', async (job) => {
    const file = at(`${job}.yaml`);
    const { out } = await tactful(['init', '--job', job, file]);
    expect(out).toBe(
      `${file} has the settings of ${job}. Run them with:\n  npx tactful ${job} --config ${file}\n`,
    );
    expect(await readFile(file, 'utf8')).toBe(configTemplate(kindOf(job)));
    const { out: json } = await tactful(['init', '-', '--job', job, '--json']);
    expect(JSON.parse(json)).toEqual({ job, text: configTemplate(kindOf(job)) });
  });

  test.each([
    ['--preset lab', '--preset: is for --job detox alone; got --preset lab and --job sft'],
    [
      '--compat trl-0.8.0',
      '--compat: is for --job detox alone; got --compat trl-0.8.0 and --job sft',
    ],
  ])('has no %s for another job', async (words, message) => {
    const { code, err } = await tactful(['init', '-', '--job', 'sft', ...words.split(' ')]);
    expect({ code, err }).toEqual({ code: 2, err: `error: ${message}.\n` });
  });

  test('prints with -', async () => {
    const { out } = await tactful(['init', '-', '--compat', 'trl-0.8.0', '--preset', 'lab']);
    expect(out).toBe(configTemplate(detoxKind, { preset: 'lab', compat: 'trl-0.8.0' }));
    const json = await tactful(['init', '-', '--json']);
    expect(JSON.parse(json.out)).toEqual({
      job: 'detox',
      preset: 'demo',
      text: configTemplate(detoxKind, { preset: 'demo', compat: 'none' }),
    });
  });
});
