import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runProgram } from '../../src/cli/program.ts';
import { readEvents } from '../../src/store/event-log.ts';
import { goldenPath } from '../golden.ts';
import { shallowRoberta, shallowT5 } from '../shallow.ts';
import { fakeIo, tactful } from './io.ts';

let directory: string;
let model: string;
let classifier: string;
let data: string;
let texts: string;
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-cli-'));
  model = await shallowT5(at('t5'));
  classifier = await shallowRoberta(at('roberta'));
  data = at('dialogues.jsonl');
  const dialogues = await readFile(goldenPath('data', 'dialogsum.test.jsonl'), 'utf8');
  await writeFile(data, dialogues.split('\n', 60).join('\n'));
  texts = at('texts.csv');
  const rows = Array.from({ length: 20 }, (_, i) => (i % 2 ? `thanks ${i},0` : `fool ${i},1`));
  await writeFile(texts, `comment,toxic\n${rows.join('\n')}\n`);
});
afterAll(() => rm(directory, { recursive: true }));

const small = ['--epochs', '0.2', '--batch-size', '4', '--threads', '1'];

describe('sft', () => {
  const brief = ['--evaluation-samples', '2', '--max-response-tokens', '5'];
  const bare = () => ['sft', '--model', model, '--data', data, ...brief, ...small];
  const words = () => [...bare(), '--lora-rank', '2'];

  test('trains an adapter, tells the loss before and after, and generate takes it', async () => {
    const { code, out, err } = await tactful([...words(), '--output', at('adapter')]);
    expect(code).toBe(0);
    expect(err).toMatch(/train \d+\/\d+ \(100 %\), .*loss \d/);
    expect(out).toMatch(/parameters {6}\d+ of \d+ \(\d+\.\d\d %\) trainable\n/);
    expect(out).toMatch(
      /\d+ steps in .*\nheld-out loss {3}\d+\.\d{4} → \d+\.\d{4} per token \([\d,]+ tokens of \d+ summaries\)\n/,
    );
    expect(out).toMatch(/memory {10}about \d+ MB \(/);
    expect(out).toMatch(/\nROUGE-L {9}\d\.\d{3} → \d\.\d{3} \(F, greedy, 2 dialogues\)\n/);
    // a random model says what it says: nothing, or what fills gaps
    expect(out).toMatch(/\nnote {12}\d+\.\d % of the greedy summaries /);
    const use = ['generate', '--model', model, '--adapter', at('adapter'), '--prompt', 'Hello'];
    expect((await tactful([...use, '--max-new-tokens', '3', '--threads', '1'])).code).toBe(0);
  });

  test('trains a whole model, and prints JSON', async () => {
    const full = [...bare(), '--full', '--output', at('whole'), '--json', '--quiet'];
    const { code, out, err } = await tactful(full);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const result = JSON.parse(out);
    expect(result.parameters.trainable).toBe(result.parameters.all);
    expect(result.heldOut.after.loss).toBeGreaterThan(0);
    expect(result.steps).toBe(result.of);
    expect((await tactful(['inspect', at('whole')])).code).toBe(0);
  });

  test('is repeated by the config.yaml of its result, to the last bit', async () => {
    const [once, again] = [at('once'), at('again')];
    const first = await tactful([...words(), '--set', 'training.seed=3', '--output', once]);
    expect(first.code).toBe(0);
    const config = join(once, 'config.yaml');
    const settings = parse(await readFile(config, 'utf8'));
    const given = { model, data, evaluationSamples: 2, maxResponseTokens: 5, loraRank: 2 };
    const rest = { epochs: 0.2, batchSize: 4, seed: 3, engine: 'onnxruntime', threads: 1 };
    expect(settings).toEqual({ ...given, ...rest });
    const [started] = await readEvents(join(once, 'events.jsonl'));
    expect(started).toMatchObject({ job: 'sft', config: { model, seed: 3, learningRate: 1e-3 } });
    const record = JSON.parse(await readFile(join(once, 'training.json'), 'utf8'));
    expect(record.files).toContain('config.yaml');
    expect(await tactful(['sft', '--config', config, '--output', again])).toMatchObject({
      code: 0,
    });
    const weights = (folder: string) => readFile(join(folder, 'adapter_model.safetensors'));
    expect((await weights(again)).equals(await weights(once))).toBe(true);
    expect(parse(await readFile(join(again, 'config.yaml'), 'utf8'))).toEqual(settings);
    const onceMore = ['sft', '--config', config, '--output', once, '--seed', '4'];
    expect((await tactful(onceMore)).code).toBe(0);
    expect(parse(await readFile(config, 'utf8')).seed).toBe(4);
  });

  test('tells measurements in between in a line each, and which was the best', async () => {
    const every = ['--evaluate-every', '1', '--patience', '1', '--best-metric', 'rouge1'];
    const go = [...words(), ...every, '--epochs', '1', '--output', at('best')];
    const { code, out } = await tactful(go);
    expect(code).toBe(0);
    const line =
      /step (\d)\/\d+ +held-out loss \d\.\d{4}, ROUGE-1 0\.\d{3}, .*(the best so far)?\n/g;
    expect(out.match(line)?.length).toBeGreaterThan(1);
    expect(out).toMatch(/\d steps in .*, of \d+: it got no better any more\.\n/);
    expect(out).toMatch(/result {10}\S+best, the best: after step \d\n/);
  });

  test('Ctrl-C ends it after the step, saves, and says how to go on', async () => {
    const io = fakeIo({ columns: 200 });
    const write = io.stderr.write;
    io.stderr.write = (text) => {
      write(text);
      if (text.includes('train ')) io.signals.emit('SIGINT');
    };
    const code = await runProgram([...words(), '--epochs', '5', '--output', at('half')], io);
    expect(code).toBe(130);
    const out = io.out.join('');
    expect(out).toMatch(/Stopped after step 1 of \d+\.\n/);
    expect(out.endsWith(`Go on with:\n  npx tactful resume ${at('half')}\n`)).toBe(true);
    expect(await readdir(at('half'))).toContain('adapter_model.safetensors');
    expect(io.exits).toEqual([]);
  });

  test('refuses a folder that holds something else', async () => {
    const { code, out, err } = await tactful([...words(), '--output', model]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^error: .*or one that tactful sft wrote, got one that holds .*\n$/);
  });

  test.each([
    [['--full', '--adapter', 'x'], 'error: --full: cannot go with --adapter; got --adapter x.\n'],
    [['--epochs', '0'], 'error: --epochs: expected a number above 0, got 0.\n'],
    [['--lora-rnak', '2'], /^error: unknown option.*--lora-rank/],
  ])('refuses %j', async (more, message) => {
    const { code, err } = await tactful([...bare(), '--output', at('none'), ...more]);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

describe('train-classifier', () => {
  const columns = ['--text-column', 'comment', '--label-column', 'toxic'];
  const words = () => ['train-classifier', '--data', texts, ...columns, ...small];

  test('goes on from a model, and tells how the held-out texts are told apart', async () => {
    const go = [...words(), '--model', classifier, '--output', at('judge')];
    const { code, out } = await tactful(go);
    expect(code).toBe(0);
    expect(out).toMatch(
      /accuracy {8}\d+\.\d % \(95 % interval \d+\.\d to \d+\.\d\) of 4 held-out texts\n/,
    );
    const settings = parse(await readFile(join(at('judge'), 'config.yaml'), 'utf8'));
    expect(settings).toMatchObject({ model: classifier, textColumn: 'comment', threads: 1 });
    expect(out).toMatch(/\nlabel +n +recall % +precision % +F1 % +as \w+ +as \w+\n/);
    const { out: scored } = await tactful(['score', '--reward-model', at('judge'), 'Hello.']);
    expect(scored).toContain('Hello.');
  });

  test('starts from a config and a tokenizer, prints JSON', async () => {
    const fresh = ['--model-config', join(classifier, 'config.json'), '--tokenizer', classifier];
    const { code, out } = await tactful([...words(), ...fresh, '--output', at('new'), '--json']);
    expect(code).toBe(0);
    const { after } = JSON.parse(out).heldOut;
    expect(after.accuracy.n).toBe(4);
    expect(after.confusion.flat().reduce((sum: number, n: number) => sum + n, 0)).toBe(4);
  });

  test('needs a model, or a config and a tokenizer', async () => {
    const { code, err } = await tactful([...words(), '--output', at('none')]);
    expect(code).toBe(2);
    expect(err).toBe('error: --model: must be given, or --model-config and --tokenizer.\n');
  });
});

test.each(['sft', 'train-classifier'])('help of %s', async (name) => {
  expect((await tactful([name, '--help'])).out).toMatchSnapshot();
});
