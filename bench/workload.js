/** What one iteration of the lab works on: a recorded workload, or one of the same lengths. I/O. */
import { z } from 'zod';
import { readJson } from '../dist/disk/json.js';
import { InputError } from '../dist/errors.js';
import { modelConfig } from '../dist/family/config.js';
import { randomStream } from '../dist/random.js';
import { configs } from './configs.js';

/** Tokens of the recorded workload: its prompts, the responses to them, the texts to reward. */
const recorded = {
  prompts: [267, 189, 269, 70, 168, 101, 108, 218, 166, 236, 165, 182, 91, 212, 182, 195],
  responses: [88, 84, 57, 37, 54, 53, 77, 63, 79, 51, 50, 34, 50, 103, 78, 107],
  texts: [300, 210, 282, 90, 184, 116, 124, 248, 184, 260, 196, 218, 109, 241, 205, 225],
};

const count = z.int().positive();
const rows = z.array(z.array(z.int().nonnegative()).min(1)).min(1);

const Workload = z.object({
  prompt_ids: rows,
  new_token_counts: z.array(count),
  scores: z.array(z.number()),
  reward_input_ids: rows,
  t5_config: z.looseObject({}),
  roberta_config: z.looseObject({}),
  lora: z.object({
    r: count,
    lora_alpha: z.number().positive(),
    target_modules: z.array(z.string()),
  }),
  // strict: what is not passed on would make another workload
  ppo: z.strictObject({
    learning_rate: z.number().positive(),
    ppo_epochs: count,
    mini_batch_size: count,
    batch_size: count,
  }),
});

/**
 * A recorded workload.
 * @throws {UnavailableError} when there is no such file
 * @throws {InputError} naming what of it is wrong
 */
export async function readWorkload(file) {
  const raw = await readJson(file, Workload);
  const { r: rank, lora_alpha: alpha, target_modules: targetModules } = raw.lora;
  const { batch_size: batchSize, mini_batch_size: miniBatchSize } = raw.ppo;
  for (const name of ['prompt_ids', 'new_token_counts', 'scores', 'reward_input_ids']) {
    if (raw[name].length === batchSize) continue;
    // the baseline times more texts than a step scores
    if (name === 'reward_input_ids' && raw[name].length > batchSize) continue;
    throw new InputError(`${file}: ${name}`, `${batchSize} rows (batch_size)`, raw[name].length);
  }
  return {
    queries: raw.prompt_ids,
    responses: raw.new_token_counts,
    scores: raw.scores,
    texts: raw.reward_input_ids.slice(0, batchSize),
    t5: modelConfig({ ...raw.t5_config, model_type: 't5' }, `${file}: t5_config`),
    roberta: modelConfig(
      { ...raw.roberta_config, model_type: 'roberta' },
      `${file}: roberta_config`,
    ),
    lora: { rank, alpha, targetModules },
    ppo: {
      batchSize,
      miniBatchSize,
      ppoEpochs: raw.ppo.ppo_epochs,
      learningRate: raw.ppo.learning_rate,
    },
  };
}

/**
 * Random ids, with FLAN-T5-base, RoBERTa-base and the lab's settings.
 * @param lengths tokens of the prompts, of their responses, of the texts to reward; default: the recorded ones
 */
export function syntheticWorkload({ prompts, responses, texts } = recorded) {
  const random = randomStream(1, ['workload']);
  const [t5, roberta] = [configs['t5-base'], configs['roberta-base']];
  const ids = (lengths, special, size) =>
    lengths.map((length) => Array.from({ length }, () => special + random.integer(size - special)));
  return {
    queries: ids(prompts, 2, t5.vocabSize),
    responses,
    scores: prompts.map(() => random.normal()),
    texts: ids(texts, 4, roberta.vocabSize),
    t5,
    roberta,
    lora: { rank: 32, alpha: 32, targetModules: ['q', 'v'] },
    ppo: { batchSize: 16, miniBatchSize: 4, ppoEpochs: 1, learningRate: 1.41e-5 },
  };
}
