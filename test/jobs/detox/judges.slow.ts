import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
  folder = await mkdtemp(join(tmpdir(), 'tactful-judges-'));
  settings = await tinySettings(folder);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

/** Puts a model of random weights with one output into a folder: a preference model. */
async function preferenceModel(): Promise<string> {
  const { files } = await loadTokenizer(goldenPath('roberta', 'model'));
  const sizes = { vocabSize: 1505, maxPositions: 514, labels: ['LABEL_0'] };
  const config: ClassifierConfig = { ...tinyRoberta, ...sizes, head: 'regression' };
  const { parameters } = await freshClassifier(engine, config, 1);
  const path = join(folder, 'preference');
  await writeModelFolder(path, config, parameters.tensors, files);
  return path;
}

async function eventsOf(options: object, output?: string, resume = false, crashes = false) {
  const config = DetoxConfig.parse({ ...settings, samples: 3, ...options });
  const context = { engine, runId: 'a', version: '1', resume, ...(output && { output }) };
  const events: RunEvent[] = [];
  for await (const event of detox(config, context)) {
    events.push(event);
    if (crashes && event.type === 'compared') break;
  }
  return events;
}

async function findingsOf(options: object): Promise<Finding[]> {
  const config = DetoxConfig.parse({ ...settings, ...options });
  const findings: Finding[] = [];
  for await (const event of doctor(config, { engine })) {
    if (event.type === 'finding') findings.push(event.finding);
  }
  return findings;
}

test('a preference model pays while a classifier measures, and the run says so', async () => {
  const rewardModel = await preferenceModel();
  await expect(eventsOf({ rewardModel })).rejects.toThrow('`toxicityModel`: expected a model that');
  const toxicityModel = join(folder, 'measuring');
  await cp(settings.rewardModel, toxicityModel, { recursive: true });
  const output = join(folder, 'run');
  const options = { rewardModel, toxicityModel, scoreOn: 'pair', pairAs: 'two-texts' };
  const events = await eventsOf({ ...options, checkpointEvery: 1 }, output, false, true);
  const [started] = events.filter((event) => event.type === 'started');
  expect(started.judges).toEqual({ reward: 'number "LABEL_0"', toxicity: 'probability of "hate"' });
  expect(started.notes?.map(({ says }) => says)).toContain(
    'The reward is the only output of the reward model ("LABEL_0"): the more of it, the better.',
  );
  expect(Object.keys(started.memory?.parts ?? {})).toContain('toxicity model');
  const before = events.find((event) => event.type === 'evaluated');
  expect(before?.toxicity.mean).toBeGreaterThan(0);
  expect(before?.toxicity.mean).toBeLessThan(1);

  const config = join(toxicityModel, 'config.json');
  await writeFile(config, (await readFile(config, 'utf8')).replace('"nothate"', '"kind"'));
  await expect(eventsOf({ ...options, checkpointEvery: 1 }, output, true)).rejects.toThrow(
    'toxicityModel',
  );
});

test('doctor finds labels that are not there, and goes on with what needs no judge', async () => {
  const findings = await findingsOf({ rewardLabel: 'good', toxicLabel: 'bad' });
  expect(findings.filter(({ status }) => status === 'error')).toMatchObject([
    {
      check: 'reward-label',
      says: '`rewardLabel`: expected one of "nothate", "hate", got "good".',
    },
    { check: 'toxic-label', says: '`toxicLabel`: expected one of "nothate", "hate", got "bad".' },
  ]);
  const checks = findings.map(({ check }) => check);
  expect(checks).toContain('memory');
  expect(checks).not.toContain('judges');
  expect(checks).not.toContain('prompt-share');
});

test('doctor says what reward and toxicity are made of', async () => {
  const [judges] = (await findingsOf({ rewardLabel: '-nothate' })).filter(
    ({ check }) => check === 'judges',
  );
  expect(judges.says).toBe(
    'The reward is the logit −"nothate" of the reward model, toxicity the probability of "hate" of the same model.',
  );
});
