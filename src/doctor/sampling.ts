/** Is what is sampled also what is learnt from? */
import { sequenceOf } from '../model/batch.ts';
import { type GenerationConfig, warpLogits } from '../model/sampling.ts';
import { logSumExp } from '../model/softmax.ts';
import type { Rollout } from '../rl/rollout.ts';
import { answerCount, type Exam } from './exam.ts';
import { ok, type Verdict, warning, wrong } from './finding.ts';
import { list, percent, tiny } from './words.ts';

/** Responses whose every token is looked at: vocabularies are long. */
const looked = 4;

/** A setting that takes tokens from the sampler alone, and the value that takes none. */
interface Warper {
  readonly flag: string;
  readonly value: number;
  readonly none: number;
}

/** Settings that change what is sampled and not what is scored: D8. */
export async function checkWarpers(exam: Exam): Promise<Verdict> {
  const { generation } = exam.rl;
  if (!generation.sample) {
    const says =
      'Greedy decoding has one response to a prompt: nothing is tried, so nothing is learnt.';
    return wrong(says, 'Use --sample.');
  }
  const active = warpersOf(generation);
  if (active.length === 0) {
    const { temperature } = generation;
    return ok(`Tokens are drawn from the whole distribution, at temperature ${temperature}.`);
  }
  const firsts = exam.rollouts.filter((_, i) => i % answerCount === 0).slice(0, looked);
  const removed: number[][] = [];
  for (const rollout of firsts) removed.push(await removedMass(rollout, exam));
  const share = mean(removed.flat());
  // log(sampled probability / scored probability) = -log(1 - removed)
  const shift = mean(removed.map((row) => row.reduce((sum, q) => sum - Math.log1p(-q), 0)));
  const names = list(active.map(({ flag, value }) => `${flag} ${value}`));
  const says =
    `${names} take${active.length > 1 ? '' : 's'} ${percent(share, 2)} of the probability from the sampler ` +
    `and none from the logprobs that are learnt from: ${tiny(shift)} nats a response.`;
  const remedy = `Sample from all of it: ${list(active.map(({ flag, none }) => `${flag} ${none}`))}.`;
  return warning(says, remedy, { defect: 'D8' });
}

function warpersOf({ topK, topP, minLength, minNewTokens }: GenerationConfig): Warper[] {
  return [
    { flag: '--top-k', value: topK, none: 0 },
    { flag: '--top-p', value: topP, none: 1 },
    // a length of 1 is the decoder start itself
    { flag: '--min-length', value: Math.max(0, minLength - 1) && minLength, none: 0 },
    { flag: '--min-new-tokens', value: minNewTokens, none: 0 },
  ].filter(({ value, none }) => value !== none);
}

/** Probability that the sampler could not use, for each token of a response. */
async function removedMass({ query, response }: Rollout, { policy, rl }: Exam) {
  const { generation } = rl;
  const { decoderStartId, eosIds } = policy.shape.config;
  const { data, shape } = await policy.logits(sequenceOf(query.ids, response, decoderStartId));
  const width = shape[1];
  return response.map((_, newTokens) => {
    const logits = data.subarray(newTokens * width, (newTokens + 1) * width);
    const warped = warpLogits(logits, generation, { newTokens, eosIds });
    const scaled = logits.map((x) => x / generation.temperature);
    const normaliser = logSumExp(scaled);
    let removed = 0;
    for (let v = 0; v < width; v++) {
      if (warped[v] === Number.NEGATIVE_INFINITY) removed += Math.exp(scaled[v] - normaliser);
    }
    return removed;
  });
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}
