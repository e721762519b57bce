/** The lab by its names on the hub, which holds small models and the demo's dialogues under them. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { readEvents } from '../../src/store/event-log.ts';
import { type Hub, type HubFiles, startHub } from '../hub/hub-server.ts';
import { shallowT5 } from '../shallow.ts';
import { tactful } from './io.ts';

const names = {
  model: 'google/flan-t5-base',
  rewardModel: 'facebook/roberta-hate-speech-dynabench-r4-target',
  data: 'knkarthick/dialogsum',
};
const small = '--steps 1 --samples 4 --response-limits 4,9 --max-new-tokens 8'.split(' ');

let hub: Hub;
let directory: string;
let model: string;

async function filesOf(folder: string): Promise<HubFiles> {
  const files = await readdir(folder);
  const contents = files.map(async (name) => [name, await readFile(join(folder, name))] as const);
  return Object.fromEntries(await Promise.all(contents));
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-lab-'));
  model = await shallowT5(join(directory, 't5'));
  const [head, ...rows] = (await readFile('demo/dialogues.csv', 'utf8')).split(
    /(?<=\n)(?=[a-z]+_\d+,)/,
  );
  hub = await startHub({
    repos: {
      [names.model]: await filesOf(model),
      [names.rewardModel]: await filesOf('demo/reward-model'),
      [`datasets/${names.data}`]: {
        'train.csv': [head, ...rows.slice(0, 200)].join(''),
        'test.csv': [head, ...rows.slice(200, 220)].join(''),
      },
    },
  });
});
afterAll(async () => {
  await hub.close();
  await rm(directory, { recursive: true });
});
afterEach(() => void vi.unstubAllEnvs());

/** Variables of the hub, as a shell would have them. */
function enter(more: NodeJS.ProcessEnv = {}): void {
  for (const [name, value] of Object.entries(hub.env(join(directory, 'cache'), more))) {
    vi.stubEnv(name, value);
  }
}

test('downloads what it names, runs, and runs a second time without a network', async () => {
  enter();
  const [first, second] = ['first', 'second'].map((name) => join(directory, name));
  const online = await tactful(['detox', '--preset', 'lab', ...small, '--output', first]);
  expect(online.err).toContain(`fresh LoRA adapter of rank 32 on q, v of ${names.model}`);
  expect(online.code).toBe(0);
  const asked = hub.requests.length;
  expect(asked).toBeGreaterThan(0);

  const commit = /^[0-9a-f]{40}$/;
  const config = parse(await readFile(join(first, 'config.yaml'), 'utf8'));
  expect(config).toMatchObject({ preset: 'lab' });
  const [started] = await readEvents(join(first, 'events.jsonl'));
  expect(started).toMatchObject({ type: 'started', config: names });
  expect(config).toMatchObject({
    revision: expect.stringMatching(commit),
    rewardRevision: expect.stringMatching(commit),
    dataRevision: expect.stringMatching(commit),
  });
  const adapter = JSON.parse(await readFile(join(first, 'adapter/adapter_config.json'), 'utf8'));
  expect(adapter.base_model_name_or_path).toBe(names.model);
  expect(await readFile(join(first, 'adapter/README.md'), 'utf8')).toContain(
    `base_model: ${names.model}`,
  );

  enter({ HF_HUB_OFFLINE: '1' });
  const again = ['detox', '--config', join(first, 'config.yaml'), '--output', second];
  const offline = await tactful(again);
  expect({ code: offline.code, asked: hub.requests.length }).toEqual({ code: 0, asked });
  const file = 'adapter/adapter_model.safetensors';
  expect(await readFile(join(second, file))).toEqual(await readFile(join(first, file)));
});

test('a name that the hub has not is told before anything starts', async () => {
  enter();
  const output = join(directory, 'none');
  const { code, err } = await tactful([
    ...['detox', '--preset', 'lab', '--model', 'google/flan-t5-bass', '--output', output],
  ]);
  expect(code).toBe(1);
  expect(err).toContain('google/flan-t5-bass');
  expect(await readdir(directory)).not.toContain('none');
});

test('sft pins what it names, and repeats it from its config.yaml without a network', async () => {
  enter();
  const [first, second] = ['once', 'twice'].map((name) => join(directory, name));
  const brief = ['--max-rows', '40', '--epochs', '0.2', '--evaluation-samples', '0'];
  const sources = ['--model', names.model, '--data', names.data, '--test-data', names.data];
  const online = await tactful(['sft', ...sources, ...brief, '--output', first]);
  expect(online).toMatchObject({ code: 0 });
  const asked = hub.requests.length;
  const config = parse(await readFile(join(first, 'config.yaml'), 'utf8'));
  const commit = expect.stringMatching(/^[0-9a-f]{40}$/);
  const commits = { revision: commit, dataRevision: commit, testDataRevision: commit };
  expect(config).toMatchObject({ model: names.model, testData: names.data, ...commits });
  enter({ HF_HUB_OFFLINE: '1' });
  const again = ['sft', '--config', join(first, 'config.yaml'), '--output', second];
  expect((await tactful(again)).code).toBe(0);
  expect(hub.requests.length).toBe(asked);
  const file = 'adapter_model.safetensors';
  expect(await readFile(join(second, file))).toEqual(await readFile(join(first, file)));
  const local = await tactful([...again, '--revision', 'main', '--model', model]);
  expect(local.err).toBe(
    `error: --revision: expected a name on the hub beside it, got the folder ${model}. Leave --revision out.\n`,
  );
});

test('sft, generate, score, merge and inspect take names of the hub, and push puts one there', async () => {
  enter({ HF_TOKEN: 'hf_write' });
  const [tuned, merged] = ['tuned', 'merged'].map((name) => join(directory, name));
  const run = async (...words: string[]) => {
    const result = await tactful(words);
    expect({ code: result.code, err: result.code === 0 ? '' : result.err }).toEqual({
      code: 0,
      err: '',
    });
    return result.out;
  };
  await run(
    ...['sft', '--model', names.model, '--data', names.data, '--max-rows', '40'],
    ...['--epochs', '0.2', '--evaluation-samples', '0', '--output', tuned],
  );
  await run('push', tuned, 'me/tuned');
  const summary = ['--dialogue', 'A: Hi! B: Hello.', '--max-new-tokens', '4', '--greedy'];
  const byHub = await run('generate', '--model', names.model, '--adapter', 'me/tuned', ...summary);
  expect(await run('generate', '--model', model, '--adapter', tuned, ...summary)).toBe(byHub);
  expect(await run('score', '--reward-model', names.rewardModel, 'You fool.')).toContain('nothate');
  expect(await run('inspect', names.model)).toContain('T5, encoder–decoder');
  await run('merge', '--model', names.model, '--adapter', 'me/tuned', '--output', merged);
  expect(await readFile(join(merged, 'README.md'), 'utf8')).toContain(`base_model: ${names.model}`);
});
