/** BART against transformers 4 and 5, and PEFT: logits, gradients of all weights, greedy answers, adapters. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/model/load.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { saveAdapter } from '../../src/model/save.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { scratchFolders } from '../hub/folder.ts';
import { type BartFamily, expectFamily } from '../model/families.ts';
import { logitsTolerance } from '../tensors.ts';
import { eachTransformers, python } from './python.ts';
import '../setup.ts';

const scratch = scratchFolders();

describe.each(eachTransformers)('a BART of transformers %i', (version) => {
  let engine: Engine;
  let folder: string;
  let theirs: Record<string, BartFamily>;
  beforeAll(async () => {
    engine = await testEngine();
    folder = await scratch();
    theirs = await python('bart.py', [folder], {}, version);
  });
  afterAll(() => engine.close());

  test('has the logits and the gradients of PyTorch', async () => {
    await expectFamily(engine, join(folder, 'bart'), theirs.bart);
  });

  test.each(['bart', 'bart-uneven', 'bart-plain'])(
    'answers greedily as there: %s',
    async (kind) => {
      const { policy } = await loadPolicy(engine, { model: join(folder, kind) });
      const config = GenerationConfig.parse({ sample: false, maxNewTokens: 9 });
      const made = await policy.generate(theirs[kind].inputs, config, { seed: 0, key: [] });
      expect(made.map(({ response }) => response)).toEqual(theirs[kind].greedy);
      await policy.close();
    },
  );

  test("takes PEFT's adapter, and PEFT takes what is written of it", async () => {
    const { adapted, inputs, decoder_inputs, labels } = theirs.bart;
    const model = join(folder, 'bart');
    const source = { model, adapter: join(folder, 'adapter') };
    const { policy, lora } = await loadPolicy(engine, source);
    for (const [i, query] of inputs.entries()) {
      const sequence = { query, inputs: decoder_inputs[i], labels: labels[i] };
      expect((await policy.logits(sequence)).data).toBeAllClose(adapted![i], logitsTolerance);
    }
    const written = join(folder, 'written');
    await saveAdapter(written, lora!, policy.parameters.tensors);
    const read = await python<number[][]>(
      'bart.py',
      [model, written, join(folder, 'adapter')],
      {},
      version,
    );
    expect(read[0]).toBeAllClose(read[1], { atol: 0 });
    await policy.close();
  });
});
