/** BART as a policy. Expected values: transformers 4.47.0 and PEFT 0.14.0 (test/golden/README.md). */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { mergeToFolder } from '../../src/export/merged-folder.ts';
import { modelFiles } from '../../src/export/write.ts';
import type { BartConfig } from '../../src/family/bart.ts';
import { readModelConfig } from '../../src/family/config.ts';
import { familyOf } from '../../src/family/families.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { openWeights } from '../../src/family/weights.ts';
import { freshPolicy, type LoadPolicyOptions, loadPolicy } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import { crossEntropy } from '../../src/model/policy-graphs.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { saveAdapter } from '../../src/model/save.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { openSafetensors } from '../../src/tensors/safetensors.ts';
import { testEngine } from '../engine.ts';
import { decodeGreedily, openSession } from '../export/onnx-files.ts';
import { goldenJson, goldenPath } from '../golden.ts';
import { logitsTolerance } from '../tensors.ts';
import type { BartFamily } from './families.ts';
import { temporaryFolder } from './tiny.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

const expected = await goldenJson<Record<string, BartFamily>>('families', 'bart.json');
const { bart } = expected;
const model = goldenPath('families', 'bart');
const adapter = goldenPath('families', 'bart-adapter');
const steps = 9;
const greedy = GenerationConfig.parse({ sample: false, maxNewTokens: steps });
const sampling = GenerationConfig.parse({ maxNewTokens: 12 });
const close = { atol: 1e-5, rtol: 1e-5 }; // float32 sums in another order

async function policyOf(options: LoadPolicyOptions): Promise<Policy> {
  const { policy } = await loadPolicy(engine, options);
  onTestFinished(() => policy.close());
  return policy;
}

const sequencesOf = ({ inputs, decoder_inputs, labels }: BartFamily) =>
  inputs.map((query, i) => ({ query, inputs: decoder_inputs[i], labels: labels[i] }));

async function expectLogits(policy: Policy, logits: number[][]): Promise<void> {
  for (const [i, sequence] of sequencesOf(bart).entries()) {
    expect((await policy.logits(sequence)).data).toBeAllClose(logits[i], logitsTolerance);
  }
}

describe.each(Object.keys(expected))('a %s', (kind) => {
  const theirs = expected[kind];
  const folder = goldenPath('families', kind);

  test('has the logits and the loss of transformers', async () => {
    const policy = await policyOf({ model: folder });
    const sequences = sequencesOf(theirs);
    for (const [i, sequence] of sequences.entries()) {
      expect((await policy.logits(sequence)).data).toBeAllClose(theirs.logits[i], logitsTolerance);
    }
    const scores = await policy.score(sequences);
    const all = scores.flatMap(({ logprobs }) => [...logprobs]);
    const loss = -all.reduce((sum, x) => sum + x, 0) / all.length;
    expect([loss]).toBeAllClose([theirs.loss], { rtol: 1e-4 });
  });

  test('answers greedily as transformers does, a forced first token included', async () => {
    const policy = await policyOf({ model: folder });
    const made = await policy.generate(theirs.inputs, greedy, { seed: 0, key: [] });
    expect(made.map(({ response }) => response)).toEqual(theirs.greedy);
  });

  test.each([
    ['drawn by the graph', sampling],
    ['drawn here', { ...sampling, topP: 0.9, temperature: 0.7 }],
    ['greedy', greedy],
  ])('scores its answers as it sampled them, with a cache: %s', async (_, config) => {
    const policy = await policyOf({ model: folder, valueHead: 'uniform' });
    const draw = { seed: 3, key: ['bart'] };
    const made = await policy.generate(theirs.inputs, config, draw);
    const temperature = config.sample ? config.temperature : 1;
    const sequences = made.map(({ response }, i) => policy.sequence(theirs.inputs[i], response));
    const scores = await policy.score(sequences, { temperature });
    const { forcedFirstId } = policy.shape.config;
    made.forEach(({ response, logprobs, values }, i) => {
      expect(logprobs).toBeAllClose(scores[i].logprobs, close);
      expect(values).toBeAllClose(scores[i].values, close);
      if (forcedFirstId !== undefined) expect(response[0]).toBe(forcedFirstId);
    });
  });
});

describe('an adapter', () => {
  test('of PEFT has the logits that it has there, and is written as it was', async () => {
    const { policy, lora } = await loadPolicy(engine, { model, adapter });
    onTestFinished(() => policy.close());
    await expectLogits(policy, bart.adapted!);
    const folder = await temporaryFolder();
    await saveAdapter(folder, lora!, policy.parameters.tensors);
    const namesIn = async (place: string) => {
      const { tensors } = await openSafetensors(join(place, 'adapter_model.safetensors'));
      return [...tensors.keys()].sort();
    };
    expect(await namesIn(folder)).toEqual(await namesIn(adapter));
    await expectLogits(await policyOf({ model, adapter: folder }), bart.adapted!);
  });

  test('merged into the model computes the same', async () => {
    const output = join(await temporaryFolder(), 'merged');
    await mergeToFolder({ model, adapter, output, version: '0' });
    await expectLogits(await policyOf({ model: output }), bart.adapted!);
  });
});

describe('gradients', () => {
  /** Loss and gradients of a policy whose adapter and value head learn. */
  async function gradientsOf(policy: Policy, rate = 0) {
    const sequences = sequencesOf(bart);
    const weights = sequences.map(({ labels }) => new Float32Array(labels.length).fill(0.05));
    const draw = { seed: 2, key: [] };
    const dropout = rate > 0 ? { rates: { model: rate, adapter: 0 }, draw } : undefined;
    return policy.gradient(crossEntropy, sequences, { weights }, { dropout });
  }

  test('are central differences of the loss, also with blocks computed again', async () => {
    const plain = await policyOf({ model, adapter });
    const again = await policyOf({ model, adapter, gradientCheckpointing: true });
    const { gradients } = await gradientsOf(plain);
    for (const [name, { data }] of (await gradientsOf(again)).gradients) {
      expect(data).toBeAllClose(gradients.get(name)!.data, close);
    }
    for (const [name, { data }] of plain.parameters.tensors) {
      const gradient = gradients.get(name)!.data;
      const steepest = gradient.reduce(
        (best, x, i) => (Math.abs(x) > Math.abs(gradient[best]) ? i : best),
        0,
      );
      const [was, step] = [data[steepest], 1e-2];
      const losses: number[] = [];
      for (const at of [was + step, was - step]) {
        data[steepest] = at;
        await plain.parameters.commit();
        losses.push((await gradientsOf(plain)).loss);
      }
      data[steepest] = was;
      await plain.parameters.commit();
      const difference = (losses[0] - losses[1]) / (2 * step);
      // the third derivative, and float32 in a loss of 4
      expect(Math.abs(difference - gradient[steepest])).toBeLessThan(
        0.02 * Math.abs(difference) + 1e-3,
      );
    }
  });

  test('follow what is dropped; attention weights only where the config says so', async () => {
    const config = (await readModelConfig(model)) as BartConfig;
    const { load, entries } = await openWeights(model);
    const names = [...entries.keys()];
    const tensors = new Map(
      await Promise.all(names.map(async (name) => [name, await load(name)] as const)),
    );
    const lossWith = async (change: Partial<BartConfig>, rate: number) => {
      const folder = await temporaryFolder();
      await writeModelFolder(folder, { ...config, ...change }, tensors);
      return (await gradientsOf(await policyOf({ model: folder, adapter }), rate)).loss;
    };
    const losses = [
      await lossWith({}, 0),
      await lossWith({}, 0.1),
      await lossWith({ attentionDropout: 0.1 }, 0.1),
      await lossWith({ activationDropout: 0.1 }, 0.1),
    ];
    expect(new Set(losses).size).toBe(4);
    expect(await lossWith({ attentionDropout: 0.1, activationDropout: 0.1 }, 0)).toBe(losses[0]);
  });
});

test('a fresh one comes back from its folder', async () => {
  const config: BartConfig = {
    ...((await readModelConfig(model)) as BartConfig),
    scaleEmbedding: true,
    attentionDropout: 0.2,
    eosIds: [2, 5],
  };
  const fresh = await freshPolicy(engine, config, 1);
  onTestFinished(() => fresh.close());
  const folder = await temporaryFolder();
  await writeModelFolder(folder, config, fresh.parameters.tensors);
  expect(await readModelConfig(folder)).toEqual(config);
  const loaded = await policyOf({ model: folder });
  const sequence = fresh.sequence([0, 7, 8, 2], [0, 9, 2]);
  expect((await loaded.logits(sequence)).data).toEqual((await fresh.logits(sequence)).data);
  const norm = fresh.parameters.tensors.get('model.decoder.layernorm_embedding.weight')!;
  expect(new Set(norm.data)).toEqual(new Set([1]));
});

test.each(['bart', 'bart-uneven'])(
  'the ONNX files of a %s answer as the policy does',
  async (kind) => {
    const folder = goldenPath('families', kind);
    const { load } = await openWeights(folder);
    const policy = await policyOf({ model: folder });
    const { config } = policy.shape;
    const output = await temporaryFolder();
    for (const [name, exported] of Object.entries(familyOf(config).onnx(config))) {
      await modelFiles(name, exported, { dtype: 'fp32', load, limit: undefined }).write(output, {});
    }
    const sessions = [
      await openSession(output, 'encoder_model.onnx'),
      await openSession(output, 'decoder_model_merged.onnx'),
    ];
    const start = { padId: config.padId, startId: policy.startIds[0], steps };
    const { inputs } = expected[kind];
    const { ids, logits } = await decodeGreedily(sessions, inputs, start);
    for (const [row, response] of ids.entries()) {
      const whole = (await policy.logits(policy.sequence(inputs[row], response))).data;
      const { vocabSize } = config;
      const stepwise = logits.flatMap((step) => [
        ...step.subarray(row * vocabSize, (row + 1) * vocabSize),
      ]);
      expect(stepwise).toBeAllClose(whole, logitsTolerance);
    }
  },
);

describe('is refused', () => {
  test('a prompt of more tokens than there are positions, and a longer response', async () => {
    const policy = await policyOf({ model });
    const long = Array.from({ length: 33 }, () => 7);
    const says = 'expected at most 32 tokens';
    await expect(policy.generate([long], greedy, { seed: 0, key: [] })).rejects.toThrow(
      `prompt: ${says}`,
    );
    const longer = { ...greedy, maxNewTokens: 33 };
    await expect(policy.generate([[7]], longer, { seed: 0, key: [] })).rejects.toThrow(
      `response: ${says}`,
    );
    await expect(policy.score([policy.sequence([7], long)])).rejects.toThrow(`response: ${says}`);
    expect(await policy.score([policy.sequence(long.slice(1), long.slice(1))])).toHaveLength(1);
  });

  test('training every weight beside a bias of logits, which nobody trains', async () => {
    const uneven = goldenPath('families', 'bart-uneven');
    const load = loadPolicy(engine, { model: uneven, trainable: 'all' });
    await expect(load).rejects.toThrow(
      'expected weights that can all be learnt, got final_logits_bias',
    );
  });
});
