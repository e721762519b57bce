/** Is what is sampled also what is learnt from? */
import { mean } from '../eval/sums.ts';
import { ofSampler } from '../jobs/detox/notes.ts';
import { warpLogits } from '../model/sampling.ts';
import { logSumExp } from '../model/softmax.ts';
import { percent, tiny } from '../report/text.ts';
import type { Rollout } from '../rl/rollout.ts';
import { answerCount, type Exam } from './exam.ts';
import { ok, told, type Verdict } from './finding.ts';

/** Responses whose every token is looked at: vocabularies are long. */
const looked = 4;

/** Settings that change what is sampled and not what is scored: D8. */
export async function checkWarpers(exam: Exam): Promise<Verdict> {
  const { generation } = exam.rl;
  const note = ofSampler(generation);
  if (note === undefined) {
    const { temperature } = generation;
    return ok(`Tokens are drawn from the whole distribution, at temperature ${temperature}.`);
  }
  if (!generation.sample) return { ...told(note), status: 'error' };
  const firsts = exam.rollouts.filter((_, i) => i % answerCount === 0).slice(0, looked);
  const removed: number[][] = [];
  for (const rollout of firsts) removed.push(await removedMass(rollout, exam));
  const share = mean(removed.flat());
  // log(sampled probability / scored probability) = -log(1 - removed)
  const shift = mean(removed.map((row) => row.reduce((sum, q) => sum - Math.log1p(-q), 0)));
  const size = `It is ${percent(share, 2)} of the probability, and ${tiny(shift)} nats a response.`;
  return told({ ...note, says: `${note.says} ${size}` }, { defect: 'D8' });
}

/** Probability that the sampler could not use, for each token of a response. */
async function removedMass({ query, response }: Rollout, { policy, rl }: Exam) {
  const { generation } = rl;
  const { eosIds } = policy.shape.config;
  const { data, shape } = await policy.logits(policy.sequence(query.ids, response));
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
