import { expect } from 'vitest';
import type { Sequence } from '../src/model/batch.ts';
import type { Numbers, Tensor, Tensors } from '../src/tensor.ts';

/** Limits of the goldens' README: logits and logprobs, float32 against float32. */
export const logitsTolerance = { atol: 2e-4, rtol: 1e-4 };

/** Elements as numbers, whatever the element type. */
export function numbers({ data }: Tensor): number[] {
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** The slices along the first axis, flat. */
export function rows2(tensor: Tensor): number[][] {
  const all = numbers(tensor);
  const size = all.length / tensor.shape[0];
  return Array.from({ length: tensor.shape[0] }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** Rows of ids without their padding. */
export function ragged(ids: Tensor, mask?: Tensor): number[][] {
  const masks = mask && rows2(mask);
  return rows2(ids).map((row, i) => row.filter((_, t) => !masks || masks[i][t] === 1));
}

/** Gradients as the goldens' README allows: max|diff| <= 1e-3 max|gradient| + 1e-6 per tensor. */
export function expectGradients(actual: Tensors, expected: ReadonlyMap<string, Tensor>): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, tensor] of expected) {
    const largest = Math.max(...numbers(tensor).map(Math.abs));
    expectClose(name, actual.get(name)!.data, numbers(tensor), 1e-3 * largest + 1e-6);
  }
}

/** All elements within a distance; the name is part of the message. */
export function expectClose(name: string, actual: Numbers, expected: Numbers, atol: number): void {
  expect(actual.length, name).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++)
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
  expect(worst, name).toBeLessThanOrEqual(atol);
}

/** A golden forward pass with labels (-100 = not counted) as sequences and cross-entropy weights. */
export function supervised(forward: ReadonlyMap<string, Tensor>) {
  const queries = ragged(forward.get('input_ids')!, forward.get('attention_mask')!);
  const inputs = ragged(forward.get('decoder_input_ids')!, forward.get('decoder_attention_mask')!);
  const rows = rows2(forward.get('labels')!).map((row, i) => row.slice(0, inputs[i].length));
  const total = rows.flat().filter((label) => label !== -100).length;
  const sequences: Sequence[] = queries.map((query, i) => ({
    query,
    inputs: inputs[i],
    labels: rows[i].map((label) => Math.max(label, 0)),
  }));
  const weights = rows.map((row) =>
    Float32Array.from(row, (label) => (label === -100 ? 0 : 1 / total)),
  );
  return { sequences, weights };
}
