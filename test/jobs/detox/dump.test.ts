import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NumericError } from '../../../src/errors.ts';
import { writeDump } from '../../../src/jobs/detox/dump.ts';
import type { LearnerState } from '../../../src/rl/learner-state.ts';
import type { Rollout } from '../../../src/rl/rollout.ts';
import { float32 } from '../../../src/tensor.ts';
import { openSafetensors } from '../../../src/tensors/safetensors.ts';
import { scratchFolders } from '../../hub/folder.ts';

const newFolder = scratchFolders();
const state: LearnerState = {
  steps: 3,
  memory: {
    updates: 6,
    adamSteps: {},
    klCoef: 0.2,
    moments: { mean: 0, std: 1, variance: 1, count: 4 },
    drawn: 0,
  },
  tensors: new Map([['parameter.a', float32([1])]]),
};
const rollout = (id: string): Rollout => ({
  query: { id, text: `query ${id}`, ids: [1, 2] },
  response: [3, 1],
  truncated: false,
  text: `response ${id}`,
});
const error = new NumericError('score of sample 1', 'a finite number', 'NaN', '', { sample: 1 });
const json = async (...path: string[]) => JSON.parse(await readFile(join(...path), 'utf8'));

test('a dump tells the error, the sample that it names, the batch and the state', async () => {
  const folder = join(await newFolder(), 'dump');
  const rollouts = ['a', 'b'].map(rollout);
  await writeDump(folder, { error, state, batch: { step: 3, rollouts, scores: [1, Number.NaN] } });
  const offending = {
    id: 'b',
    query: 'query b',
    queryIds: [1, 2],
    response: 'response b',
    responseIds: [3, 1],
    truncated: false,
    score: 'NaN',
  };
  expect(await json(folder, 'error.json')).toEqual({
    name: 'NumericError',
    code: 'NOT_FINITE',
    message: 'score of sample 1: expected a finite number, got NaN.',
    step: 3,
    details: { sample: 1 },
    sample: offending,
    memory: state.memory,
  });
  const batch = await json(folder, 'batch.json');
  expect(batch).toMatchObject({ step: 3, rows: [{ id: 'a', score: 1 }, offending] });
  const { tensors } = await openSafetensors(join(folder, 'state.safetensors'));
  expect([...tensors.keys()]).toEqual(['parameter.a']);
});

test('without a batch it tells the rest, and takes the place of an older dump', async () => {
  const folder = join(await newFolder(), 'dump');
  await writeDump(folder, { error, state, batch: { step: 3, rollouts: [rollout('a')] } });
  await writeDump(folder, { error, state });
  expect((await readdir(folder)).sort()).toEqual(['error.json', 'state.safetensors']);
});
