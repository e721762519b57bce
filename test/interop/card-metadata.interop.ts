/** The card of an adapter as huggingface_hub reads it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { adapterCard } from '../../src/export/card.ts';
import { cardResults } from '../../src/jobs/detox/card.ts';
import { exampleComparison } from '../report/comparison.ts';
import { eachTransformers, python } from './python.ts';

interface Read {
  readonly results: readonly { metric: string; value: number; args: object }[];
}

test.each(eachTransformers)(
  'huggingface_hub beside transformers %i reads metadata and results',
  async (version) => {
    const comparison = exampleComparison();
    const config = { data: 'knkarthick/dialogsum', dataRevision: 'abc', seed: 7, rewardModel: 'r' };
    const lora = {
      rank: 8,
      alpha: 16,
      targetModules: ['q', 'v'],
      baseModel: 'google/flan-t5-base',
    };
    const results = cardResults(comparison, config);
    const folder = await mkdtemp(join(tmpdir(), 'tactful-card-'));
    try {
      const path = join(folder, 'README.md');
      await writeFile(
        path,
        adapterCard(lora, { version: '1', prompt: 'Sum:\n{dialogue}', results }),
      );
      const read = await python<Read>('card_metadata.py', [path], {}, version);
      expect(read).toMatchObject({
        ...{ base_model: 'google/flan-t5-base', library_name: 'peft', tags: ['tactful', 'lora'] },
        ...{ datasets: ['knkarthick/dialogsum'], model_name: 'flan-t5-base with LoRA' },
        again: 'flan-t5-base with LoRA',
      });
      expect(read.results.map(({ metric }) => metric)).toEqual(
        results.metrics.map(({ type }) => type),
      );
      for (const [i, { value, args }] of read.results.entries()) {
        expect(value).toBeCloseTo(results.metrics[i].value, 4);
        expect(args).toMatchObject({ level: 0.95, prompts: 60 });
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
