/** Does the run start where it should: at its reference, with ratios of 1? */
import { mean } from '../eval/sums.ts';
import { fixed, tiny } from '../report/text.ts';
import { maskedSum, zipRows } from '../rl/masked.ts';
import type { Exam } from './exam.ts';
import { ok, type Verdict, wrong } from './finding.ts';

/** The trainer's own bounds before the first update (src/rl/invariants.ts). */
const mostKl = 1e-3;
const mostRatioError = 1e-3;

/** KL to the reference before any update: D1 when it is not zero. */
export async function checkReference(exam: Exam): Promise<Verdict> {
  const { few, rl } = exam;
  const { logprobs, refLogprobs } = await exam.passes();
  const differences = zipRows(logprobs, refLogprobs, (lp, ref) => lp - ref);
  const kls = differences.map((row, i) => maskedSum([row], [few[i].mask]));
  const kl = mean(kls);
  const size = mean(kls.map(Math.abs));
  if (size < mostKl) {
    return ok(
      `The run starts at its reference: mean |KL| before any update ${tiny(size)} (${few.length} responses).`,
    );
  }
  const cost = rl.initKlCoef * kl;
  const says =
    `KL to the reference before any update is ${fixed(kl, 2)} a response (mean |KL| ${fixed(size, 2)}, ` +
    `${few.length} responses), a penalty of ${cost.toPrecision(2)} at --init-kl-coef ${rl.initKlCoef}: ` +
    'the run would be paid to undo the starting adapter.';
  const remedy =
    rl.reference === 'base'
      ? 'Use --reference initialPolicy: the starting adapter is the reference.'
      : 'The reference is not the starting policy: report it with the model and the adapter.';
  return wrong(says, remedy, { defect: 'D1' });
}

/** The graph that learns against the graph that scores. */
export async function checkRatio(exam: Exam): Promise<Verdict> {
  const { lesson, result } = await exam.lesson();
  const scores = await exam.policy.score(lesson.sequences, { temperature: exam.temperature });
  const ratios = scores.flatMap((row, i) =>
    Array.from(row.logprobs, (lp, t) => Math.exp(result.scores[i].logprobs[t] - lp)),
  );
  const error = Math.max(...ratios.map((ratio) => Math.abs(ratio - 1)));
  const says = `Ratios before any update are 1 within ${tiny(error)} (${ratios.length} tokens).`;
  if (error < mostRatioError) return ok(says);
  const remedy = 'The policy scores one response in two ways: use --device cpu, and report it.';
  return wrong(`Ratios before any update are off 1 by up to ${tiny(error)}.`, remedy);
}
