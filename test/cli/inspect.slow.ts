import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { float32 } from '../../src/tensor.ts';
import { readAll, storeAs } from '../model/folders.ts';
import { temporaryFolder } from '../model/tiny.ts';
import { tactful } from './io.ts';

const demo = fileURLToPath(new URL('../../demo/', import.meta.url));

async function copyOf(part: string): Promise<string> {
  const folder = join(await temporaryFolder(), part);
  await cp(join(demo, part), folder, { recursive: true });
  return folder;
}

async function found(...words: string[]) {
  const { code, out } = await tactful(['inspect', ...words, '--json']);
  return { code, ...JSON.parse(out) };
}

describe('inspect', () => {
  test('says nothing more of what the jobs load', async () => {
    const [model, adapter] = [await copyOf('model'), await copyOf('adapter')];
    for (const words of [
      [model],
      [adapter],
      [model, '--adapter', adapter],
      [await copyOf('reward-model')],
    ]) {
      const { code, problems, notes } = await found(...words);
      expect({ code, problems, notes }).toEqual({ code: 0 });
    }
  });

  test('tells what a job would refuse, beside what it found, and exits 1', async () => {
    const model = await copyOf('model');
    const tensors = await readAll(model);
    (tensors.get('shared.weight')!.data as Float32Array)[5] = Number.NaN;
    await storeAs(model, tensors);
    const { code, out, err } = await tactful(['inspect', model]);
    expect(code).toBe(1);
    expect(out).toMatch(/architecture +T5, encoder–decoder/);
    expect(err).toMatch(/^error: .*shared\.weight: expected finite numbers, got NaN \(1 of/);
    const asJson = await found(model);
    expect(asJson.code).toBe(1);
    expect(asJson.weights.dtypes).toEqual(['float32']);
    expect(asJson.problems).toHaveLength(1);
  });

  test('shows a folder whose weights are missing, and says so', async () => {
    const model = await copyOf('model');
    const tensors = await readAll(model);
    tensors.delete('shared.weight');
    await storeAs(model, tensors);
    await writeFile(join(model, 'tokenizer.json'), '{}');
    const { code, problems, model: config } = await found(model);
    expect(code).toBe(1);
    expect(config.modelType).toBe('t5');
    expect(problems.join()).toMatch(/tokenizer\.json: .*expected/);
  });

  test('tells of half an adapter, and of what lies beside a wrapped model', async () => {
    const [model, adapter] = [await copyOf('model'), await copyOf('adapter')];
    const path = join(adapter, 'adapter_model.safetensors');
    const { openSafetensors, readTensor, writeSafetensors } = await import(
      '../../src/tensors/safetensors.ts'
    );
    const file = await openSafetensors(path);
    const names = [...file.tensors.keys()].filter((name) => !name.includes('block.1.'));
    const half = await Promise.all(
      names.map(async (name) => [name, await readTensor(file, name)] as const),
    );
    await writeSafetensors(path, new Map(half));
    const { code, problems, adapter: config } = await found(model, '--adapter', adapter);
    expect(code).toBe(1);
    expect(problems.join()).toContain('LoRA tensors of the');
    expect(config.rank).toBeGreaterThan(0);

    const own = [...(await readAll(model))].map(
      ([name, tensor]) => [`pretrained_model.${name}`, tensor] as const,
    );
    await storeAs(model, new Map([...own, ['v_head.summary.bias', float32([1])]]));
    const wrapped = await found(model);
    expect(wrapped.code).toBe(0);
    expect(wrapped.notes[0].says).toContain('v_head.summary.bias');
  });

  test('shows element types that are not computed with', async () => {
    const model = await copyOf('model');
    const tensors = await readAll(model);
    const { shape, data } = tensors.get('shared.weight')!;
    const ids = { dtype: 'int32', shape, data: new Int32Array(data.length) } as const;
    await storeAs(model, tensors.set('shared.weight', ids));
    const { code, weights, problems } = await found(model);
    expect(code).toBe(1);
    expect(weights.dtypes).toEqual(['I32', 'float32']);
    expect(problems).toEqual([expect.stringContaining('F32, F16, BF16 or F64, got I32')]);
  });
});
