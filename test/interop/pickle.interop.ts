/** Checkpoints of torch, adapters of PEFT and value heads of TRL, both ways. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAdapter, readValueHead, writeValueHead } from '../../src/adapter/peft.ts';
import { sequenceOf } from '../../src/model/batch.ts';
import { loadPolicy } from '../../src/model/load.ts';
import { saveAdapter } from '../../src/model/save.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import '../setup.ts';
import { logitsTolerance } from '../tensors.ts';
import { python } from './python.ts';

interface Written {
  cases: { name: string; model: string; adapter?: string; logits: number[] }[];
  head: { folder: string; weight: number[]; bias: number[] };
  refused: string;
}

let engine: Engine;
let folder: string;
let written: Written;

beforeAll(async () => {
  engine = await testEngine();
  folder = await mkdtemp(join(tmpdir(), 'tactful-interop-'));
  written = await python<Written>('torch_files.py', ['write', folder]);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

test('logits of every model and adapter equal those of transformers and PEFT', async () => {
  expect(written.cases.length).toBeGreaterThan(30);
  const sequence = sequenceOf([3, 5, 7, 11, 1], [4, 6, 2, 1], 0);
  for (const { name, model, adapter, logits } of written.cases) {
    const { policy } = await loadPolicy(engine, { model, adapter });
    const { data } = await policy.logits(sequence);
    await policy.close();
    expect(data, name).toBeAllClose(logits, logitsTolerance);
  }
  // adapters that change nothing would prove nothing
  const [plain, all] = ['adapter-plain-bin', 'adapter-all-linear-bin'].map(
    (name) => written.cases.find((each) => each.name === name)!.logits,
  );
  expect(plain).not.toBeAllClose(all, logitsTolerance);
});

test('the value head that TRL saves beside an adapter is read', async () => {
  const { folder: place, weight, bias } = written.head;
  const head = await readValueHead(place);
  expect([...head!.get('v_head.summary.weight')!.data]).toEqual(weight);
  expect([...head!.get('v_head.summary.bias')!.data]).toEqual(bias);
  expect((await readAdapter(place)).tensors.size).toBeGreaterThan(0);
});

test('the value head that tactful writes for TRL is read by torch with weights_only', async () => {
  const head = (await readValueHead(written.head.folder))!;
  const place = join(folder, 'ours');
  await writeValueHead(place, head, { layout: 'trl' });
  const read = await python('torch_files.py', ['read', join(place, 'pytorch_model.bin')]);
  const { weight, bias } = written.head;
  const tensors = { 'v_head.summary.weight': weight, 'v_head.summary.bias': bias };
  expect(read).toEqual({ type: 'OrderedDict', tensors });
});

test('modules saved whole travel back to PEFT', async () => {
  const { model, adapter } = written.cases.find(({ name }) => name === 'adapter-modules-bin')!;
  const { policy, lora } = await loadPolicy(engine, { model, adapter });
  for (const { data } of policy.parameters.tensors.values()) {
    for (let i = 0; i < data.length; i++) data[i] += 0.1 * Math.sin(i);
  }
  await policy.parameters.commit();
  const place = join(folder, 'modules');
  await saveAdapter(place, lora!, policy.parameters.tensors);
  const { data } = await policy.logits(sequenceOf([3, 5, 7, 11, 1], [4, 6, 2, 1], 0));
  await policy.close();
  const theirs = await python<number[]>('torch_files.py', ['logits', model, place]);
  expect(data).toBeAllClose(theirs, logitsTolerance);
});
