/** Whole jobs on a tiny BART: what they write is what they read again. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BartConfig } from '../../src/family/bart.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { DetoxConfig } from '../../src/jobs/detox/config.ts';
import { detox, type SftEvent, sft } from '../../src/jobs/library.ts';
import { SftConfig } from '../../src/jobs/sft-config.ts';
import { freshPolicy, loadPolicy } from '../../src/model/load.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';
import { tinySettings } from './detox/tiny.ts';

const scratch = scratchFolders();
let engine: Engine;
let home: string;
let model: string;
let parts: Awaited<ReturnType<typeof tinySettings>>;

beforeAll(async () => {
  engine = await testEngine();
  home = await scratch();
  model = join(home, 'bart');
  parts = await tinySettings(home);
  const policy = await freshPolicy(engine, tiny, 1);
  await writeModelFolder(model, tiny, policy.parameters.tensors);
  await policy.close();
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json']) {
    await copyFile(goldenPath('tokenizers', 'roberta', name), join(model, name));
  }
});
afterAll(() => engine.close());

const half = { layers: 1, heads: 2, inner: 64 };
const tiny: BartConfig = {
  modelType: 'bart',
  vocabSize: 1500,
  dModel: 32,
  encoder: half,
  decoder: half,
  maxPositions: 64,
  activation: 'gelu',
  scaleEmbedding: false,
  hasLogitsBias: false,
  padId: 1,
  eosIds: [2],
  decoderStartId: 2,
  forcedFirstId: 0,
  dropout: 0.1,
  attentionDropout: 0,
  activationDropout: 0,
  initStd: 0.2,
};

test.each([true, false])(
  'sft lowers the loss of held-out summaries: every weight %s',
  async (full) => {
    const { data, minimumLength, maximumLength, maxQueryTokens } = parts;
    const lengths = { minimumLength, maximumLength, maxQueryTokens, maxResponseTokens: 20 };
    const training = {
      epochs: 3,
      batchSize: 8,
      learningRate: 0.01,
      evaluationSamples: 2,
    };
    const config = SftConfig.parse({ model, data, ...lengths, ...training, full });
    const output = join(home, `sft-${full}`);
    const events: SftEvent[] = [];
    for await (const event of sft(config, { engine, output, version: 'test' })) events.push(event);
    const losses = events.flatMap((event) => (event.type === 'evaluated' ? [event.loss] : []));
    expect(losses[1]).toBeLessThan(losses[0]);
    const source = full ? { model: output } : { model, adapter: output };
    const { policy } = await loadPolicy(engine, source);
    expect(policy.shape.config).toEqual(tiny);
    await policy.close();
  },
);

test('detox learns on queries and values, and compares before and after', async () => {
  const config = DetoxConfig.parse({ ...parts, adapter: undefined, model });
  const output = join(home, 'detox');
  const types: string[] = [];
  for await (const { type } of detox(config, { engine, output, version: 'test' })) types.push(type);
  expect(types.filter((type) => type === 'step')).toHaveLength(2);
  expect(types.at(-1)).toBe('finished');
  const adapter = join(output, 'adapter');
  const { policy, lora } = await loadPolicy(engine, { model, adapter });
  expect(lora?.targetModules).toEqual(['q_proj', 'v_proj']);
  expect(policy.forcesFirst).toBe(true);
  await policy.close();
});
