import { expect, test } from 'vitest';
import { sequenceOf } from '../../src/model/batch.ts';
import { loadPolicy } from '../../src/model/load.ts';
import { crossEntropy } from '../../src/model/policy-graphs.ts';
import type { CompileOptions, Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { tinyModelFolder } from './tiny.ts';

const lora = {
  ...{ rank: 2, alpha: 4, targetModules: ['q', 'v'] },
  ...{ rsLora: false, dropout: 0, baseModel: '' },
};

test.each([true, false])(
  'a training keeps its memory with gradient checkpointing, and scoring never (%s)',
  async (gradientCheckpointing) => {
    const engine = await testEngine();
    const keeping: Record<string, boolean | undefined> = {};
    const watched: Engine = {
      ...engine,
      compile(graph, options: CompileOptions = {}) {
        keeping[options.name ?? ''] = options.keepsMemory;
        return engine.compile(graph, options);
      },
    };
    const model = await tinyModelFolder(engine);
    const { policy } = await loadPolicy(watched, { model, lora, gradientCheckpointing });
    const rows = [sequenceOf([3, 4, 1], [5, 1], 0)];
    await policy.score(rows);
    await policy.gradient(crossEntropy, rows, { weights: [Float32Array.of(0.5, 0.5)] });
    expect(keeping).toEqual({ score: undefined, 'gradient crossEntropy': gradientCheckpointing });
    await policy.close();
    await engine.close();
  },
);
