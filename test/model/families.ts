import { expect } from 'vitest';
import { readModelConfig } from '../../src/family/config.ts';
import { isPolicy } from '../../src/family/families.ts';
import { loadClassifier, loadPolicy } from '../../src/model/load.ts';
import { crossEntropy } from '../../src/model/policy-graphs.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tensors } from '../../src/tensor.ts';
import { expectClose, logitsTolerance } from '../tensors.ts';

/** What PyTorch made of a model and some inputs: test/interop/python/models.py. */
export interface Family {
  readonly inputs: number[][];
  readonly logits: number[][];
  /** Of a policy: the rows that the decoder reads, and those that it should foretell. */
  readonly decoder_inputs?: number[][];
  readonly labels: number[] | number[][];
  readonly loss?: number;
  /** Of every parameter; the goldens leave them to the interop suite. */
  readonly gradients?: Record<string, number[]>;
}

/** What PyTorch made of a policy: test/interop/python/bart.py. */
export interface BartFamily extends Family {
  readonly decoder_inputs: number[][];
  readonly labels: number[][];
  readonly loss: number;
  /** Greedy answers. */
  readonly greedy: number[][];
  /** Logits with an adapter. */
  readonly adapted?: number[][];
}

/** The model in a folder has these logits, this loss and these gradients. */
export async function expectFamily(engine: Engine, folder: string, family: Family): Promise<void> {
  const config = await readModelConfig(folder);
  if (isPolicy(config)) await expectPolicy(engine, folder, family);
  else await expectClassifier(engine, folder, family);
}

async function expectPolicy(engine: Engine, model: string, family: Family): Promise<void> {
  const { inputs, decoder_inputs, logits, loss, gradients } = family;
  const labels = family.labels as number[][];
  const { policy } = await loadPolicy(engine, { model, trainable: 'all' });
  const sequences = inputs.map((query, i) => ({
    query,
    inputs: decoder_inputs![i],
    labels: labels[i],
  }));
  for (const [i, sequence] of sequences.entries()) {
    expect((await policy.logits(sequence)).data).toBeAllClose(logits[i], logitsTolerance);
  }
  const count = labels.flat().length;
  const weights = labels.map((row) => new Float32Array(row.length).fill(1 / count));
  const found = await policy.gradient(crossEntropy, sequences, { weights });
  expect([found.loss]).toBeAllClose([loss!], { rtol: 1e-4 });
  expectGradients(found.gradients, gradients);
  await policy.close();
}

function expectGradients(found: Tensors, expected: Family['gradients']): void {
  if (!expected) return;
  for (const [name, tensor] of found) {
    const largest = Math.max(...expected[name].map(Math.abs));
    expectClose(name, tensor.data, expected[name], 1e-3 * largest + 1e-6); // README of the goldens
  }
}

async function expectClassifier(engine: Engine, folder: string, family: Family): Promise<void> {
  const { inputs, logits, loss, gradients } = family;
  const classifier = await loadClassifier(engine, folder, { trainable: true });
  const rows = await classifier.logits(inputs);
  rows.forEach((row, i) => {
    expect(row).toBeAllClose(logits[i], logitsTolerance);
  });
  if (loss !== undefined) {
    const found = await classifier.gradient(inputs, family.labels as number[]);
    expect([found.loss]).toBeAllClose([loss!], { rtol: 1e-4 });
    expectGradients(found.gradients, gradients);
  }
  await classifier.close();
}
