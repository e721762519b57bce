import { join } from 'node:path';
import { buildPrompt, filterByLength, splitExamples } from './data/prepare.ts';
import { readExamples } from './data/read.ts';
import { writeFileAtomic } from './hub/atomic.ts';
import { readIfPresent } from './hub/json.ts';
import { writeModelFolder } from './hub/model-folder.ts';
import { type LoraConfig, writeAdapter } from './hub/peft.ts';
import { checkResultFolder, writeRecord, writeResultFolder } from './hub/result-folder.ts';
import { sequenceOf } from './model/batch.ts';
import { countParameters } from './model/count.ts';
import { freshLora } from './model/initial.ts';
import { adapterTensors, loadPolicy } from './model/load.ts';
import type { Policy } from './model/policy.ts';
import { policyLearner } from './model/supervised.ts';
import { supervisedConfigOf } from './model/supervised-config.ts';
import type { SftConfig } from './sft-config.ts';
import { inParts, type JobContext, type JobEvent, trainUntilStopped } from './supervised-job.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

/** How well the held-out summaries are foreseen. */
export interface SftMeasures {
  /** Mean cross-entropy per token in nats, the end-of-sequence token included. */
  readonly loss: number;
  readonly tokens: number;
  readonly responses: number;
}

/** What a supervised fine-tuning tells, in order. */
export type SftEvent = JobEvent<SftMeasures>;

/** One prompt and the response to be learnt, as token ids. */
interface Pair {
  readonly query: readonly number[];
  readonly response: readonly number[];
}

/**
 * Supervised fine-tuning of a T5 on prompt → first summary, as a stream of events: measure the
 * held-out loss, train, save, measure again. Writes a PEFT adapter, or with `full` a whole model.
 */
export async function* sft(config: SftConfig, context: JobContext): AsyncGenerator<SftEvent> {
  const { engine, output, version, signal } = context;
  const start = performance.now();
  await checkResultFolder(output, 'sft');
  const tokenizer = await loadTokenizer(config.model);
  const { train, test, sizes } = await prepare(config, tokenizer);
  const { model, adapter, full, seed, gradientCheckpointing } = config;
  const { policy, lora } = await loadPolicy(engine, {
    model,
    seed,
    adapter,
    gradientCheckpointing,
    ...(full ? { trainable: 'all' } : { lora: freshLora(config) }),
  });
  try {
    const counted = countParameters(policy.shape.config, { lora });
    yield {
      type: 'started',
      engine: engine.description,
      parameters: full ? { trainable: counted.all, all: counted.all } : counted,
      data: sizes,
    };
    const measure = { size: config.batchSize, signal };
    const before = yield* heldOutLoss('before', policy, test, measure);
    const settings = supervisedConfigOf(config);
    const done = yield* trainUntilStopped<SftMeasures>(
      policyLearner(policy, train),
      settings,
      signal,
    );
    const record = { job: 'sft', version, config, steps: done, heldOut: { before } };
    if (done > 0) {
      await writeResultFolder(output, record, (folder) =>
        lora ? saveAdapter(folder, policy, lora) : saveModel(folder, policy, { model, tokenizer }),
      );
    }
    const after = done > 0 ? yield* heldOutLoss('after', policy, test, measure) : undefined;
    if (after === undefined) {
      yield { type: 'stopped', step: done, saved: done > 0 };
      return;
    }
    await writeRecord(output, { ...record, heldOut: { before, after } });
    const seconds = (performance.now() - start) / 1000;
    if (signal?.aborted) yield { type: 'stopped', step: done, saved: true };
    else yield { type: 'finished', steps: done, seconds };
  } finally {
    await policy.close();
  }
}

/** Read, filter by length, make prompts, split. */
async function prepare(config: SftConfig, tokenizer: Tokenizer) {
  const { minimumLength: minimum, maximumLength: maximum } = config;
  const { maxQueryTokens: maxLength, maxResponseTokens } = config;
  const all = await readExamples(config.data);
  const kept = filterByLength(all, { minimum, maximum });
  const prompts = kept.map(({ dialogue }) => buildPrompt(dialogue));
  const queries = await tokenizer.encodeBatch(prompts, { maxLength });
  // cut here and not by the tokenizer, which would end every cut text with the end of the sequence
  const responses = await tokenizer.encodeBatch(kept.map(({ summaries }) => summaries[0]));
  const cut = responses.filter(({ length }) => length > maxResponseTokens).length;
  const pairs = queries.map(
    (query, i): Pair => ({ query, response: responses[i].slice(0, maxResponseTokens) }),
  );
  const { train, test } = splitExamples(pairs, config.testShare);
  const lengths = { rows: all.length, kept: kept.length, train: train.length, test: test.length };
  return { train, test, sizes: { ...lengths, cut } };
}

async function* heldOutLoss(
  when: 'before' | 'after',
  policy: Policy,
  test: readonly Pair[],
  options: { size: number; signal: AbortSignal | undefined },
): AsyncGenerator<SftEvent, SftMeasures | undefined> {
  const { decoderStartId } = policy.shape.config;
  const scores = yield* inParts(`measure ${when}`, test, options, (part) =>
    policy.score(part.map(({ query, response }) => sequenceOf(query, response, decoderStartId))),
  );
  if (scores === undefined) return undefined;
  let [sum, tokens] = [0, 0];
  for (const { logprobs } of scores) {
    for (const logprob of logprobs) sum -= logprob;
    tokens += logprobs.length;
  }
  const measures = { loss: sum / tokens, tokens, responses: test.length };
  yield { type: 'evaluated', when, measures };
  return measures;
}

async function saveAdapter(folder: string, policy: Policy, config: LoraConfig): Promise<void> {
  await writeAdapter(folder, { config, tensors: adapterTensors(policy.parameters.tensors) });
}

/** A whole model; what the old one's folder says of sampling stays. */
async function saveModel(
  folder: string,
  policy: Policy,
  { model, tokenizer }: { model: string; tokenizer: Tokenizer },
): Promise<void> {
  const { tensors } = policy.parameters;
  await writeModelFolder(folder, policy.shape.config, tensors, tokenizer.files);
  const name = 'generation_config.json';
  const generation = await readIfPresent(join(model, name));
  if (generation) await writeFileAtomic(join(folder, name), generation);
}
