import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { settingsUnder } from './detox-settings.ts';
import { tactful } from './io.ts';

let directory: string;
let config: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-effects-'));
  config = join(directory, 'mine.yaml');
});
afterAll(() => rm(directory, { recursive: true }));

const lab = { preset: 'lab' };

describe('a setting that does nothing beside the others is refused', () => {
  test.each([
    [{ target: 5, adapKlCtrl: false }, 'the KL coefficient is fixed, with --adap-kl-ctrl off'],
    [{ horizon: 500, adapKlCtrl: false }, 'the KL coefficient is fixed, with --adap-kl-ctrl off'],
    [{ targetKl: 2 }, '--early-stopping is off'],
    [{ gamma: 0.9, algorithm: 'grpo' }, '--algorithm rloo and grpo have no critic'],
    [{ vfCoef: 1, algorithm: 'rloo' }, '--algorithm rloo and grpo have no critic'],
    [
      { valueHeadFile: 'pytorch_model.bin', algorithm: 'rloo' },
      '--algorithm rloo and grpo have no critic',
    ],
    [{ loraRank: 8, adapter: 'a' }, 'the --adapter that is given has its own'],
    [{ adapterRevision: 'x' }, 'no --adapter is given'],
    [{ testDataRevision: 'x' }, 'no --test-data is given'],
    [{ testShare: 0.3, testSplit: 'test' }, 'all of --test-data or --test-split is held out'],
    [{ shortResponsePenalty: 2 }, '--min-response-tokens is 0'],
    [{ bestMetric: 'rouge1' }, '--evaluate-every is 0'],
    [{ guardEvery: 5, guards: 'off' }, '--guards is off'],
    [{ guardSamples: 32, guardEvery: 0 }, '--guard-every is 0'],
    [{ judgeLabel: 'bad' }, 'no --judge is a classifier'],
    [{ judgeLabel: 'bad', judge: ['words', 'mine.TXT'] }, 'no --judge is a classifier'],
    [{ samplesPerPrompt: 2, sample: false }, '--sample is off: each would be the same'],
    [{ topK: 5, sample: false }, '--sample is off'],
    [{ region: 'eu' }, '--store is not dynamodb'],
  ])('%j', async (given, because) => {
    const [name] = Object.keys(given);
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const error = await settingsUnder({ ...lab, ...given }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toBe(
      `--${flag}: expected a setting with an effect, got one that does nothing: ${because}. Leave it out.`,
    );
  });
});

describe('a setting that does something is not', () => {
  test.each([
    { target: 5 },
    { targetKl: 2, earlyStopping: true },
    { loraRank: 8 },
    { valueHeadFile: 'pytorch_model.bin' },
    { adapter: 'a', adapterRevision: 'x' },
    { bestMetric: 'rouge1', evaluateEvery: 2 },
    { region: 'eu', store: 'dynamodb' },
  ])('%j', async (given) => {
    await expect(settingsUnder({ ...lab, ...given })).resolves.toMatchObject({
      values: { steps: 10 },
    });
  });
});

test('what a preset says for all cases may do nothing in one', async () => {
  const { values } = await settingsUnder({ ...lab, algorithm: 'rloo', adapter: 'a' });
  expect(values).toMatchObject({ lam: 0.95, loraRank: 32 });
});

test('in a file it is told with its line, in --set with its name; a default said aloud is no choice', async () => {
  await writeFile(config, 'adapKlCtrl: false\nhorizon: 10000\nkl:\n  target: 5\n');
  const { code, err } = await tactful(['detox', '--config', config]);
  const rest =
    'expected a setting with an effect, got one that does nothing: the KL coefficient is fixed, with adapKlCtrl off. Leave it out.\n';
  expect({ code, err }).toEqual({ code: 1, err: `error: ${config}:4 kl.target: ${rest}` });
  await writeFile(config, 'adapKlCtrl: false\nhorizon: 10000\n');
  const set = await tactful(['detox', '--config', config, '--set', 'kl.target=5']);
  expect(set.err).toBe(`error: --set kl.target: ${rest}`);
});

test('in a file it may do nothing because of a flag, or something because of one', async () => {
  await writeFile(config, 'lam: 0.5\n');
  expect(await settingsUnder({ config, algorithm: 'grpo' })).toMatchObject({
    values: { lam: 0.5 },
  });
  await writeFile(config, 'adapKlCtrl: false\ntarget: 5\n');
  expect(await settingsUnder({ config, adapKlCtrl: true })).toMatchObject({
    values: { target: 5 },
  });
  await expect(settingsUnder({ config })).rejects.toThrow(`${config}:2 target: `);
});
