/** Dropout, with the masks that ours draws, against PyTorch's training mode with PEFT's adapter. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { T5Config } from '../../src/family/t5/config.ts';
import { type Half, noiseFor } from '../../src/model/dropout.ts';
import { freshLora } from '../../src/model/initial.ts';
import { loadPolicy } from '../../src/model/load.ts';
import { crossEntropy } from '../../src/model/policy-graphs.ts';
import { saveAdapter } from '../../src/model/save.ts';
import { randomStream } from '../../src/random.ts';
import { openSafetensors, readFloat32 } from '../../src/tensors/safetensors.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';
import { randomRows } from '../model/tiny.ts';
import { python } from './python.ts';
import '../setup.ts';

const newFolder = scratchFolders();
const rates = { model: 0.2, adapter: 0.3 };
const weight = 0.05;

/** A number that does not depend on the run, by what it is for. */
const odd = (...key: string[]) => randomStream(0, ['dropout', ...key]).integer(2 ** 32) | 1;

function oddNumbers(count: number, of: string): number[] {
  const stream = randomStream(0, ['dropout', of]);
  return Array.from({ length: count }, () => stream.integer(2 ** 32) | 1);
}

test('drops where, and scales as, PyTorch does in every dropout of T5 and of LoRA', async () => {
  const engine = await testEngine();
  const [folder, model] = [await newFolder(), goldenPath('t5', 'model')];
  const lora = freshLora({ model, loraRank: 4, loraAlpha: 32, loraTargets: ['q', 'k', 'v', 'wo'] });
  const { policy } = await loadPolicy(engine, { model, lora, seed: 7 });
  const stream = randomStream(7, ['interop']);
  for (const [name, { data }] of policy.parameters.tensors) {
    if (name.includes('lora_B'))
      for (let i = 0; i < data.length; i++) data[i] = 0.02 * stream.normal();
  }
  await policy.parameters.commit();
  await saveAdapter(folder, lora, policy.parameters.tensors);
  const config = policy.shape.config as T5Config;
  const of = (seed: number) => randomRows(4, { seed, least: 3, lengths: [3, 20] });
  const [queries, answers] = [of(1), of(2)];
  const sequences = queries.map((query, i) => ({
    query,
    inputs: [config.decoderStartId, ...answers[i].slice(0, -1)],
    labels: answers[i],
  }));
  const weights = sequences.map(({ labels }) => new Float32Array(labels.length).fill(weight));
  const dropout = { rates, draw: { seed: 5, key: [] } };
  const ours = await policy.gradient(crossEntropy, sequences, { weights }, { dropout });

  const places = new Map<string, number>();
  for (const [half, layers, blocks] of [
    ['encoder', 2, config.layers],
    ['decoder', 3, config.decoderLayers],
  ] as const) {
    const at = (path: string, ...kinds: string[]) =>
      kinds.forEach(
        (kind) => void places.set(`${half}.${path} ${kind}`, odd(`${half}.${path}`, kind)),
      );
    at('embed_tokens', 'model');
    at('final_layer_norm', 'model');
    for (let i = 0; i < blocks; i++) {
      for (let j = 0; j < layers; j++) {
        const layer = `block.${i}.layer.${j}`;
        at(layer, 'model');
        if (j === layers - 1) {
          at(`${layer}.DenseReluDense`, 'model');
          at(`${layer}.DenseReluDense.wo`, 'adapter');
          continue;
        }
        const attention = `${layer}.${j === 0 ? 'SelfAttention' : 'EncDecAttention'}`;
        at(attention, 'weights');
        for (const name of ['q', 'k', 'v']) at(`${attention}.${name}`, 'adapter');
      }
    }
  }
  const keys = (half: Half, row: number, { length }: readonly number[]) =>
    Array.from({ length }, (_, t) => Math.floor(noiseFor(dropout, half, row, t) * 2 ** 32) | 1);
  const job = join(folder, 'job.json');
  await writeFile(
    job,
    JSON.stringify({
      rows: sequences.map((row, i) => ({
        ...row,
        encoder: keys('encoder', i, row.query),
        decoder: keys('decoder', i, row.inputs),
      })),
      weight,
      rates,
      channels: oddNumbers(4096, 'channels'),
      heads: oddNumbers(config.heads, 'heads'),
      places: Object.fromEntries(places),
    }),
  );
  const out = join(folder, 'gradients.safetensors');
  const theirs = await python<{ loss: number; met: string[] }>('dropout.py', [
    model,
    folder,
    job,
    out,
  ]);
  expect(theirs.met).toEqual([...places.keys()].sort()); // nowhere else do they drop
  expect(ours.loss).toBeCloseTo(theirs.loss, 4);
  const file = await openSafetensors(out);
  expect([...file.tensors.keys()].sort()).toEqual([...ours.gradients.keys()].sort());
  for (const [name, { data }] of ours.gradients) {
    const expected = await readFloat32(file, name);
    // float32 sums in another order, which cancel: a share of the largest
    const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(data, name).toBeAllClose(expected.data, { atol: 1e-4 * largest });
  }
  await policy.close();
  await engine.close();
});
