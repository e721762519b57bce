import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type LoraConfig, readAdapter, readValueHead } from '../../../src/adapter/peft.ts';
import { type CheckpointRecord, openCheckpoints } from '../../../src/jobs/detox/checkpoint.ts';
import type { LearnerState } from '../../../src/rl/learner-state.ts';
import { float32 } from '../../../src/tensor.ts';
import { scratchFolders } from '../../hub/folder.ts';

const newFolder = scratchFolders();
const lora: LoraConfig = {
  rank: 1,
  alpha: 2,
  targetModules: ['q'],
  rsLora: false,
  dropout: 0,
  baseModel: 't5',
};

/** Numbers with all their digits, and the ends of float32. */
const numbers = [Math.fround(Math.PI), -1e-45, 3.4028234663852886e38, 0];
const names = ['block.q.lora_A.weight', 'block.q.lora_B.weight'];

function stateAt(steps: number): LearnerState {
  const tensors = new Map([
    [`parameter.${names[0]}`, float32(numbers, [1, 4])],
    [`parameter.${names[1]}`, float32([steps, 1], [2, 1])],
    ['parameter.v_head.summary.weight', float32([1, 2], [1, 2])],
    ['parameter.v_head.summary.bias', float32([3])],
    [
      `adam.first.${names[0]}`,
      float32(
        numbers.map((x) => x / 3),
        [1, 4],
      ),
    ],
    [`adam.second.${names[0]}`, float32([0, 1, 2, 3], [1, 4])],
  ]);
  const moments = { mean: 0.1 + 0.2, std: 1 / 3, variance: 1e-300, count: 1e-24 };
  const calibration = { n: 64, mean: -1 / 7, std: Number.MIN_VALUE };
  const adamSteps = { [names[0]]: 2 * steps };
  return {
    steps,
    memory: { updates: 2 * steps, adamSteps, klCoef: 0.2 / 3, moments, calibration, drawn: 0 },
    tensors,
  };
}

const record: CheckpointRecord = {
  version: '1.2.3',
  engine: 'test',
  config: { learningRate: 1.41e-5, model: 'a b', targets: ['q'] },
  fingerprints: { 'model/config.json': 'ab' },
  seconds: 1.5,
  best: { step: 3, value: 0.1 },
};

const foldersIn = async (directory: string) => (await readdir(directory)).sort();

test('the latest checkpoint gives back the state to the last bit, and what was said of the run', async () => {
  const directory = join(await newFolder(), 'checkpoints');
  const checkpoints = openCheckpoints(directory, { keep: 2 });
  expect(await checkpoints.write(stateAt(5), record, lora)).toBe('step-000005');
  await checkpoints.write(stateAt(10), record, lora);
  const { checkpoint, damaged } = await openCheckpoints(directory, { keep: 2 }).latest();
  expect(damaged).toEqual([]);
  expect(checkpoint?.folder).toBe(join(directory, 'step-000010'));
  expect(checkpoint?.record).toEqual(record);
  const { tensors, ...rest } = checkpoint!.state;
  const { tensors: expected, ...others } = stateAt(10);
  expect(rest).toEqual(others);
  const sorted = (map: typeof tensors) => new Map([...map].sort());
  expect(sorted(tensors)).toEqual(sorted(expected));
});

test('its adapter loads as one, with the value head', async () => {
  const directory = await newFolder();
  await openCheckpoints(directory, { keep: 1 }).write(stateAt(5), record, lora);
  const folder = join(directory, 'step-000005', 'adapter');
  const adapter = await readAdapter(folder);
  expect(adapter.config).toEqual(lora);
  expect([...adapter.tensors.keys()].sort()).toEqual(names);
  expect(adapter.tensors.get(names[1])?.data).toEqual(new Float32Array([5, 1]));
  expect((await readValueHead(folder))?.size).toBe(2);
});

test('its value head is in the file of TRL, where that is asked for', async () => {
  const directory = await newFolder();
  const options = { keep: 1, valueHeadFile: 'pytorch_model.bin' } as const;
  await openCheckpoints(directory, options).write(stateAt(5), record, lora);
  const folder = join(directory, 'step-000005', 'adapter');
  const expected = ['adapter_config.json', 'adapter_model.safetensors', 'pytorch_model.bin'];
  expect(await foldersIn(folder)).toEqual(expected);
  expect((await readValueHead(folder))?.size).toBe(2);
  expect((await openCheckpoints(directory, { keep: 1 }).latest()).damaged).toEqual([]);
});

test('the last ones are kept, and those of steps that the run went back behind are not', async () => {
  const directory = await newFolder();
  const checkpoints = openCheckpoints(directory, { keep: 2 });
  for (const step of [0, 5, 10]) await checkpoints.write(stateAt(step), record, lora);
  expect(await foldersIn(directory)).toEqual(['step-000005', 'step-000010']);
  await checkpoints.write(stateAt(7), record, lora);
  expect(await foldersIn(directory)).toEqual(['step-000005', 'step-000007']);
});

test('a checkpoint takes the place of an older one of its step', async () => {
  const directory = await newFolder();
  const checkpoints = openCheckpoints(directory, { keep: 2 });
  await checkpoints.write(stateAt(5), record, lora);
  await checkpoints.write(stateAt(5), { ...record, seconds: 2 }, lora);
  expect(await foldersIn(directory)).toEqual(['step-000005']);
  expect((await checkpoints.latest()).checkpoint?.record.seconds).toBe(2);
});

test('there may be none', async () => {
  const { latest } = openCheckpoints(join(await newFolder(), 'none'), { keep: 1 });
  expect(await latest()).toEqual({ checkpoint: undefined, damaged: [] });
});

test('what a killed writer left is removed, and is no checkpoint', async () => {
  const directory = await newFolder();
  await mkdir(join(directory, '.step-000015.0b4e3c1c-9a1f-4c57-8f0b-6f3a1f6d2a10.tmp', 'adapter'), {
    recursive: true,
  });
  await openCheckpoints(directory, { keep: 1 }).latest();
  expect(await readdir(directory)).toEqual([]);
});

/** Changes one byte. */
async function flip(path: string, place: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length + place] ^= 1;
  await writeFile(path, bytes);
}

const state = 'state.safetensors';
test.each<[string, (folder: string) => Promise<void>, RegExp]>([
  [
    'one byte of the state is another',
    (folder) => flip(join(folder, state), -1),
    /state\.safetensors: expected sha256 [0-9a-f]{12}…, got sha256 [0-9a-f]{12}…\. The checkpoint is damaged\.$/,
  ],
  [
    'one byte of the adapter is another',
    (folder) => flip(join(folder, 'adapter', 'adapter_model.safetensors'), -1),
    /adapter_model\.safetensors: expected sha256 .*, got sha256 .*\. The checkpoint is damaged\.$/,
  ],
  [
    'a file is missing',
    (folder) => rm(join(folder, state)),
    /state\.safetensors: expected a readable file, got no such file\./,
  ],
  [
    'the record is not JSON',
    (folder) => appendFile(join(folder, 'state.json'), '}'),
    /state\.json: expected JSON, got /,
  ],
  [
    'the record is missing',
    (folder) => rm(join(folder, 'state.json')),
    /state\.json: expected a JSON file, got no file\./,
  ],
  [
    'the format is another',
    async (folder) => {
      const path = join(folder, 'state.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace('"format": 1', '"format": 2'));
    },
    /state\.json: format: expected format 1, got 2\.$/,
  ],
])('where %s, the one before is taken, and it is told', async (_, damage, message) => {
  const directory = await newFolder();
  const checkpoints = openCheckpoints(directory, { keep: 2 });
  for (const step of [5, 10]) await checkpoints.write(stateAt(step), record, lora);
  await damage(join(directory, 'step-000010'));
  const { checkpoint, damaged } = await checkpoints.latest();
  expect(checkpoint?.state.steps).toBe(5);
  expect(damaged).toEqual([expect.stringMatching(message)]);
  // the damaged one is out of the way as soon as the run has come so far again
  await checkpoints.write(stateAt(6), record, lora);
  expect(await foldersIn(directory)).toEqual(['step-000005', 'step-000006']);
});

test('where none is whole, it is an error: a run does not start again unasked', async () => {
  const directory = await newFolder();
  const checkpoints = openCheckpoints(directory, { keep: 2 });
  await checkpoints.write(stateAt(5), record, lora);
  await flip(join(directory, 'step-000005', state), -1);
  await expect(checkpoints.latest()).rejects.toThrow(
    /: expected a whole checkpoint, got none \(.*state\.safetensors: .*\)\. Remove them, and the run starts from its beginning\.$/,
  );
});
