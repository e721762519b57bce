import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isSaved } from '../../src/adapter/lora-config.ts';
import { type LoraConfig, writeAdapter, writeValueHead } from '../../src/adapter/peft.ts';
import { mergeToFolder } from '../../src/export/merged-folder.ts';
import type { T5Config } from '../../src/family/t5/config.ts';
import { openWeights } from '../../src/family/weights.ts';
import { type Sequence, sequenceOf } from '../../src/model/batch.ts';
import type { Generation } from '../../src/model/decoding.ts';
import { adapterTensors, freshPolicy, loadPolicy, valueHeadTensors } from '../../src/model/load.ts';
import type { Policy, TokenScores } from '../../src/model/policy.ts';
import { crossEntropy } from '../../src/model/policy-graphs.ts';
import { argmax, GenerationConfig } from '../../src/model/sampling.ts';
import { saveAdapter } from '../../src/model/save.ts';
import { randomStream } from '../../src/random.ts';
import { baseParameters } from '../../src/rl/reference.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { rows2 } from '../tensors.ts';
import { randomRows, temporaryFolder, tinyModelFolder, tinyT5 } from './tiny.ts';

let engine: Engine;
let policy: Policy;
beforeAll(async () => {
  engine = await testEngine();
  policy = await freshPolicy(engine, tinyT5, 1);
});
afterAll(async () => {
  await policy.close();
  await engine.close();
});

const queries = randomRows(12);
const sampling = GenerationConfig.parse({ maxNewTokens: 24 });
const greedy = GenerationConfig.parse({ sample: false, maxNewTokens: 24 });
const lora: LoraConfig = {
  rank: 3,
  alpha: 6,
  targetModules: ['q', 'v'],
  rsLora: false,
  dropout: 0,
  baseModel: '',
};
const sequences: Sequence[] = randomRows(6, { seed: 3 }).map((query, i) =>
  sequenceOf(query, randomRows(6, { seed: 4 })[i], tinyT5.decoderStartId),
);

/** The same tokens; float32 sums in another order. */
function expectAlike(actual: readonly Generation[], expected: readonly Generation[]): void {
  const tokens = (all: readonly Generation[]) =>
    all.map(({ response, truncated }) => ({ response, truncated }));
  expect(tokens(actual)).toEqual(tokens(expected));
  for (const [i, { logprobs, values }] of actual.entries()) {
    expect(logprobs).toBeAllClose(expected[i].logprobs, { atol: 1e-5, rtol: 1e-5 });
    expect(values).toBeAllClose(expected[i].values, { atol: 1e-5, rtol: 1e-5 });
  }
}

describe('generation', () => {
  /** Responses of some of the queries, each with the random numbers of its own. */
  async function sample(rows: readonly number[]): Promise<Generation[]> {
    const draw = { seed: 7, key: ['sample'], rows };
    return policy.generate(
      rows.map((row) => queries[row]),
      sampling,
      draw,
    );
  }
  const all = queries.map((_, row) => row);

  test('one by one gives the greedy responses of the batch', async () => {
    const together = await policy.generate(queries, greedy, { seed: 0, key: [] });
    for (const [i, query] of queries.entries())
      expectAlike(await policy.generate([query], greedy, { seed: 0, key: [] }), [together[i]]);
  });

  test('the same draws give the same responses, whatever else is in the batch', async () => {
    const together = await sample(all);
    const lengths = together.map(({ response }) => response.length);
    expect(new Set(lengths).size).toBeGreaterThan(3); // rows leave the batch one after another
    for (const row of all) expectAlike(await sample([row]), [together[row]]);
    const backwards = all.toReversed();
    expectAlike(
      await sample(backwards),
      backwards.map((row) => together[row]),
    );
  });

  test.each([
    ['drawn by the graph', sampling],
    ['drawn here, from the likeliest', { ...sampling, topP: 0.9, temperature: 0.7 }],
    ['greedy', greedy],
  ])('comes with the logprobs and values of a scoring: %s', async (_, config) => {
    const model = await tinyModelFolder(engine);
    const { policy: withValues } = await loadPolicy(engine, { model, valueHead: 'uniform' });
    const draw = { seed: 8, key: ['scored'] };
    const options = { valueBehind: true };
    const generations = await withValues.generate(queries, config, draw, options);
    for (const [i, { response, truncated, logprobs, values }] of generations.entries()) {
      // one position behind the end of a truncated response, whose label does not matter
      const longer = truncated ? [...response, 3] : response;
      const sequence = sequenceOf(queries[i], longer, tinyT5.decoderStartId);
      const temperature = config.sample ? config.temperature : 1;
      const [scores] = await withValues.score([sequence], { temperature });
      const close = { atol: 1e-5, rtol: 1e-5 }; // float32 sums in another order
      expect(logprobs).toBeAllClose(scores.logprobs.slice(0, response.length), close);
      expect(values).toBeAllClose(scores.values, close);
    }
    await withValues.close();
  });

  test('a query that comes several times has the responses that it would have alone', async () => {
    const rows = [0, 1, 1, 2, 1, 0];
    expectAlike(await sample(rows), (await Promise.all(rows.map((row) => sample([row])))).flat());
  });

  test('a response ends with the end-of-sequence token, or is truncated at the limit', async () => {
    for (const { response, truncated } of await sample(all)) {
      expect(response.indexOf(tinyT5.eosIds[0])).toBe(truncated ? -1 : response.length - 1);
      if (truncated) expect(response).toHaveLength(sampling.maxNewTokens);
    }
  });

  test.each([
    ['drawn by the graph', sampling],
    ['drawn here', { ...sampling, topP: 0.9 }],
    ['greedy', greedy],
  ])('a response ends with the first of several ends: %s', async (_, config) => {
    const draw = { seed: 7, key: ['ends'] };
    const one = await policy.generate(queries, config, draw);
    const [{ response: longest }] = one.toSorted((a, b) => b.response.length - a.response.length);
    const other = longest[Math.floor(longest.length / 2)];
    const eosIds = [...tinyT5.eosIds, other];
    const model = await tinyModelFolder(engine, { ...tinyT5, eosIds });
    const { policy: several } = await loadPolicy(engine, { model });
    const made = await several.generate(queries, config, draw);
    made.forEach(({ response, truncated }, i) => {
      const end = one[i].response.findIndex((token) => eosIds.includes(token));
      expect(response).toEqual(end < 0 ? one[i].response : one[i].response.slice(0, end + 1));
      expect(truncated).toBe(end < 0);
    });
    // none of them comes before the minimum
    const longer = { ...config, minNewTokens: 4 };
    for (const { response } of await several.generate(queries, longer, draw)) {
      expect(response.slice(0, 4).some((token) => eosIds.includes(token))).toBe(false);
    }
    await several.close();
  });

  test('without an end, a response goes on to its limit', async () => {
    const model = await tinyModelFolder(engine, { ...tinyT5, eosIds: [] });
    const { policy: endless, notes } = await loadPolicy(engine, { model });
    const draw = { seed: 7, key: ['endless'] };
    for (const { response, truncated } of await endless.generate(queries, sampling, draw)) {
      expect([response.length, truncated]).toEqual([sampling.maxNewTokens, true]);
    }
    expect(notes.map(({ says }) => says).join()).toContain('no end-of-sequence id');
    await endless.close();
  });

  test('each row has a limit of its own, and what comes before it does not change', async () => {
    const free = await policy.generate(queries, greedy, { seed: 0, key: [] });
    const maxNewTokens = queries.map((_, i) => 1 + ((i * 5) % 20));
    const limited = await policy.generate(queries, greedy, { seed: 0, key: [] }, { maxNewTokens });
    expect(limited.map(({ response }) => response)).toEqual(
      free.map(({ response }, i) => response.slice(0, maxNewTokens[i])),
    );
  });

  test('rows that stay when others leave keep their caches', async () => {
    const maxNewTokens = queries.map((_, i) => 1 + 2 * ((i * 7) % 12)); // odd places, one by one
    const generations = await policy.generate(
      queries,
      greedy,
      { seed: 0, key: [] },
      { maxNewTokens },
    );
    for (const [i, { response }] of generations.entries()) {
      const sequence = sequenceOf(queries[i], response, tinyT5.decoderStartId);
      const likeliest = rows2(await policy.logits(sequence)).map(argmax);
      expect(likeliest).toEqual(response); // by one pass without a cache
    }
  });

  test('stops when it is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(
      policy.generate(queries, greedy, { seed: 0, key: [] }, { signal }),
    ).rejects.toThrow('enough');
  });

  test('no queries, no responses', async () => {
    expect(await policy.generate([], greedy, { seed: 0, key: [] })).toEqual([]);
  });
});

describe('scores', () => {
  test('of one sequence are those of the batch', async () => {
    const together = await policy.score(sequences);
    for (const [i, sequence] of sequences.entries()) {
      const [alone] = await policy.score([sequence]);
      expectSame(alone, together[i], 1e-5); // float32 sums in another order
    }
  });

  test('are log-probabilities and entropies of the logits, divided by the temperature', async () => {
    const temperature = 0.7;
    const [sequence] = sequences;
    const [{ logprobs, entropies }] = await policy.score([sequence], { temperature });
    const rows = rows2(await policy.logits(sequence)).map((row) => row.map((x) => x / temperature));
    rows.forEach((row, t) => {
      const normaliser = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
      const all = row.map((x) => x - normaliser);
      expect([logprobs[t]]).toBeAllClose([all[sequence.labels[t]]], { atol: 1e-5, rtol: 1e-5 });
      const entropy = -all.reduce((sum, x) => sum + Math.exp(x) * x, 0);
      expect([entropies[t]]).toBeAllClose([entropy], { atol: 1e-4 }); // a difference of large numbers
    });
  });

  test('of a copy of the parameters stay when the parameters change', async () => {
    const own = await freshPolicy(engine, tinyT5, 2);
    const before = await own.score(sequences);
    const reference = await own.parameters.copy();
    shake(own.parameters.tensors);
    await own.parameters.commit();
    expect(await own.score(sequences)).not.toEqual(before);
    expect(await own.score(sequences, { parameters: reference })).toEqual(before);
    await reference.close();
    await own.close();
  });
});

describe('an adapter', () => {
  test('that is fresh leaves the base as it is', async () => {
    const model = await tinyModelFolder(engine);
    const [plain, adapted] = await Promise.all([
      loadPolicy(engine, { model }),
      loadPolicy(engine, { model, lora, valueHead: 'zero' }),
    ]);
    const expected = await plain.policy.score(sequences);
    const actual = await adapted.policy.score(sequences);
    actual.forEach((scores, i) => {
      expectSame(scores, expected[i], 1e-6); // the engine may fuse other operations
    });
    await plain.policy.close();
    await adapted.policy.close();
  });

  test('gives the same scores after saving and loading, its value head too', async () => {
    const model = await tinyModelFolder(engine);
    const { policy: first } = await loadPolicy(engine, {
      model,
      lora,
      valueHead: 'uniform',
      seed: 4,
    });
    const { tensors } = first.parameters;
    shake(tensors);
    await first.parameters.commit();
    const folder = await temporaryFolder();
    await writeAdapter(folder, { config: lora, tensors: adapterTensors(tensors) });
    await writeValueHead(folder, valueHeadTensors(tensors));
    const second = await loadPolicy(engine, { model, adapter: folder, valueHead: 'zero' });
    expect(second.lora).toEqual(lora);
    expect(await second.policy.score(sequences)).toEqual(await first.score(sequences));
    expect(second.policy.parameters.tensors).toEqual(tensors);
    await first.close();
    await second.policy.close();
  });

  test('with whole modules of its own learns them, saves them, and is merged with them', async () => {
    const untied = { ...tinyT5, ownHead: true, scaledOutput: false };
    const model = await tinyModelFolder(engine, untied);
    const saving = { ...lora, savedModules: ['layer_norm', 'lm_head'] };
    const plain = await loadPolicy(engine, { model, lora });
    const tensors = new Map(plain.policy.parameters.tensors);
    const weights = await openWeights(model);
    for (const name of weights.entries.keys()) {
      if (isSaved(name, saving.savedModules)) tensors.set(name, await weights.load(name));
    }
    // as a fresh one starts: nothing has changed yet
    const fresh = await temporaryFolder();
    await writeAdapter(fresh, { config: saving, tensors });
    const { policy: first, replaced } = await loadPolicy(engine, { model, adapter: fresh });
    // all norms of the blocks, two of the stacks, the head
    expect(replaced.size).toBe(2 * untied.layers + 3 * untied.decoderLayers + 2 + 1);
    expect(await first.score(sequences)).toEqual(await plain.policy.score(sequences));
    const ones = sequences.map(({ labels }) => new Float32Array(labels.length).fill(1));
    const { gradients } = await first.gradient(crossEntropy, sequences, { weights: ones });
    expect(gradients.get('lm_head.weight')!.data.some((value) => value !== 0)).toBe(true);

    shake(first.parameters.tensors);
    await first.parameters.commit();
    const folder = await temporaryFolder();
    await saveAdapter(folder, saving, first.parameters.tensors);
    const second = await loadPolicy(engine, { model, adapter: folder });
    expect(second.lora).toEqual(saving);
    const scores = await first.score(sequences);
    expect(await second.policy.score(sequences)).toEqual(scores);
    // its base is the model as it was
    const bare = await baseParameters(engine, first.parameters, second.replaced);
    const below = await first.score(sequences, { parameters: bare });
    const expected = await plain.policy.score(sequences);
    for (const [i, row] of below.entries()) expectSame(row, expected[i], 1e-5);
    const output = join(await temporaryFolder(), 'merged');
    await mergeToFolder({ model, adapter: folder, output, version: '0' });
    const merged = await loadPolicy(engine, { model: output });
    const again = await merged.policy.score(sequences);
    for (const [i, row] of again.entries()) expectSame(row, scores[i], 1e-4);
    for (const { policy } of [plain, second, merged]) await policy.close();
    await first.close();
    await bare.close();
  });

  test.each([
    [
      tinyT5,
      'shared',
      'shared.weight',
      'expected whole modules other than embeddings, got shared.weight',
    ],
    [tinyT5, 'extra', 'extra.weight', 'expected weights of the model, got extra.weight'],
  ])(
    '%#: whole modules that cannot stand alone are refused by name',
    async (config, module, name, message) => {
      const model = await tinyModelFolder(engine, config);
      const { policy } = await loadPolicy(engine, { model, lora });
      const tensors = new Map(policy.parameters.tensors).set(name, float32([1], [1, 1]));
      await policy.close();
      const adapter = await temporaryFolder();
      await writeAdapter(adapter, { config: { ...lora, savedModules: [module] }, tensors });
      await expect(loadPolicy(engine, { model, adapter })).rejects.toThrow(message);
    },
  );

  test('of another model is refused by name and shape', async () => {
    const folder = await adapterOf({ ...tinyT5, dModel: 24 });
    const model = await tinyModelFolder(engine);
    await expect(loadPolicy(engine, { model, adapter: folder })).rejects.toThrow(
      /^(de|en)coder\.block\.\S+: expected \[3, ?16\], got \[3, ?24\]\. Was it trained on another base model\?$/,
    );
  });

  test('of a model with fewer layers is refused by the modules that are missing', async () => {
    const folder = await adapterOf({ ...tinyT5, layers: 1 });
    const model = await tinyModelFolder(engine);
    await expect(loadPolicy(engine, { model, adapter: folder })).rejects.toThrow(
      /LoRA tensors of the \d+ modules that its target_modules name, got none of encoder\.block\.1\.\S+, encoder\.block\.1\./,
    );
  });

  async function adapterOf(config: T5Config): Promise<string> {
    const folder = await temporaryFolder();
    const model = await tinyModelFolder(engine, config);
    const { policy: other } = await loadPolicy(engine, { model, lora });
    await writeAdapter(folder, { config: lora, tensors: adapterTensors(other.parameters.tensors) });
    await other.close();
    return folder;
  }
});

/** Random values everywhere, so that no matrix is zero. */
function shake(tensors: Map<string, Tensor<'float32'>>): void {
  for (const [name, { data }] of tensors) {
    const random = randomStream(9, [name]);
    data.forEach((_, i) => {
      data[i] = 0.3 * random.normal();
    });
  }
}

function expectSame(actual: TokenScores, expected: TokenScores, atol: number): void {
  expect(actual.logprobs).toBeAllClose(expected.logprobs, { atol });
  expect(actual.values).toBeAllClose(expected.values, { atol });
  expect(actual.entropies).toBeAllClose(expected.entropies, { atol });
}

test('a sequence without one label for each input is refused', async () => {
  const [{ query, inputs, labels }] = sequences;
  const call = policy.score([{ query, inputs, labels: [...labels, 1] }]);
  const message = `sequence: expected labels [${inputs.length}], got [${labels.length + 1}].`;
  await expect(call).rejects.toThrow(message);
});

test('a generation that fails leaves no caches on the engine', async () => {
  let open = 0;
  const counting: Engine = {
    ...engine,
    async compile(graph, options) {
      const run = async () => {
        throw new Error('no memory');
      };
      return { ...(await engine.compile(graph, options)), run };
    },
    async state(tensors) {
      const state = await engine.state(tensors);
      open++;
      const close = async () => {
        open--;
        await state.close();
      };
      return { ...state, close };
    },
  };
  const failing = await freshPolicy(counting, tinyT5, 1);
  const before = open;
  await expect(failing.generate(queries, greedy, { seed: 0, key: [] })).rejects.toThrow(
    'no memory',
  );
  expect(open).toBe(before);
  await failing.close();
  expect(open).toBe(0);
});
