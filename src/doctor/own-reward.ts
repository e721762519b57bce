/** Whether a run can learn from the module that the settings name as a reward. */
import { basename } from 'node:path';
import { tellingApart } from '../jobs/detox/notes.ts';
import { fixed } from '../report/text.ts';
import { moments } from '../rl/masked.ts';
import { scoreRollouts } from '../rl/reward.ts';
import type { Exam } from './exam.ts';
import { ok, type Verdict, warning, wrong } from './finding.ts';

/** Of two scores of one response: float64's noise is far below it. */
const closeness = 1e-9;

/** Asks the module twice, in another order, and response by response. Says nothing without one. */
export async function checkOwnReward({ own, rollouts, config }: Exam): Promise<Verdict[]> {
  if (!own) return [];
  const name = basename(config.reward!);
  const ask = async (asked: typeof rollouts) =>
    (await scoreRollouts(own, asked, undefined, name)).scores;
  const scores = await ask(rollouts);
  const again = await ask(rollouts);
  const backwards = (await ask([...rollouts].reverse())).toReversed();
  const alone: number[] = [];
  for (const rollout of rollouts) alone.push(...(await ask([rollout])));
  const { mean, std } = moments(scores);
  const n = scores.length;
  if (std === 0)
    return [wrong(`${name} gives all ${n} responses ${fixed(mean, 3)}.`, tellingApart)];
  const says =
    `${name} gives ${n} responses ${fixed(Math.min(...scores), 3)} to ${fixed(Math.max(...scores), 3)}, ` +
    `${fixed(mean, 3)} on average`;
  if (differ(scores, again)) {
    const remedy = 'Draw random numbers from a seed of your own, made anew in each call.';
    return [warning(`${says}, and other numbers when it is asked again.`, remedy)];
  }
  if (differ(scores, backwards) || differ(scores, alone)) {
    const remedy = 'Score each response by itself, unless that is what you want.';
    return [warning(`${says}; what a response gets depends on those beside it.`, remedy)];
  }
  return [ok(`${says}; each the same again, in another order, and alone.`)];
}

function differ(scores: readonly number[], others: readonly number[]): boolean {
  return scores.some((x, i) => Math.abs(x - others[i]) > closeness * Math.max(1, Math.abs(x)));
}
