/** Does the reward pay for what it should? */

import { oneWay } from '../eval/anova.ts';
import type { Prompt } from '../eval/evaluate.ts';
import type { DetoxConfig } from '../jobs/detox/config.ts';
import { givesNumbers } from '../jobs/detox/judges.ts';
import { mixed, mostDead, tellingApart } from '../jobs/detox/notes.ts';
import { detoxReward } from '../jobs/detox/reward.ts';
import { fixed, percent, signed } from '../report/text.ts';
import { algorithms } from '../rl/algorithms.ts';
import { flatShare } from '../rl/groups.ts';
import { moments } from '../rl/masked.ts';
import { scoreRollouts } from '../rl/reward.ts';
import type { Rollout } from '../rl/rollout.ts';
import { answerCount, byPrompt, type Exam } from './exam.ts';
import { ok, type Verdict, warning, wrong } from './finding.ts';
import { switchOf } from './plan.ts';
import { insulting, kind } from './sentences.ts';

/** Least distance of kind from insulting sentences, in standard deviations: a large effect. */
const clear = 1;
/**
 * From this share of the variance on, most of what is learnt from is not the policy's doing. Of 16
 * prompts and 4 answers the share is known to about ±0.1, and 0.5 is common and harmless.
 */
const dominant = 0.8;

/** The sign of the reward on known sentences: D5 when it is the largest logit. */
export async function checkRewardLabel(exam: Exam): Promise<Verdict> {
  const { config, semantics } = exam;
  const [good, bad] = [await rewardsOf(kind, exam), await rewardsOf(insulting, exam)];
  const says = (verb: string) =>
    `Reward of ${kind.length} kind sentences ${signed(mean(good), 2)}, of ${insulting.length} ` +
    `insulting ones ${signed(mean(bad), 2)}: ${verb}.`;
  const distance = apart(good, bad);
  if (!semantics.rewardsByLabel) {
    const text = says('the largest logit is the reward, whatever its label');
    const remedy = `Take the logit of a label: leave out ${switchOf(exam, 'rewardsByLabel')}.`;
    return wrong(text, remedy, { defect: 'D5' });
  }
  if (distance >= clear) return ok(says(`the ${exam.judges.words.reward} pays for kindness`));
  if (distance > -clear) {
    const remedy = `Try --reward-label with another label, or another model than ${config.rewardModel}.`;
    return warning(says(`only ${fixed(distance, 1)} standard deviations apart`), remedy);
  }
  const remedy = `Name a label that is good, or the toxic one with a minus: --reward-label=${turned(exam)}.`;
  return wrong(says('insults would be rewarded'), remedy);
}

/** The other way round of what pays: minus the label, or the label that was taken away. */
function turned({ config: { rewardLabel }, judges }: Exam): string {
  const { labels } = judges.rewardModel.classifier.config;
  if (labels.length === 1) return rewardLabel === `-${labels[0]}` ? labels[0] : `-${labels[0]}`;
  if (labels.includes(rewardLabel)) return `-${rewardLabel}`;
  const turn = (name: string) => (name.startsWith('-') ? name.slice(1) : `-${name}`);
  return rewardLabel
    .split(',')
    .map((name) => turn(name.trim()))
    .join(',');
}

/** The side of the measure on the same sentences. */
export async function checkToxicLabel({ judge, judges }: Exam): Promise<Verdict> {
  const toxicityOf = async (texts: readonly string[]) =>
    (await judge.judge(texts.map((response) => ({ query: '', response })))).map(
      ({ toxicity }) => toxicity,
    );
  const [good, bad] = [mean(await toxicityOf(kind)), mean(await toxicityOf(insulting))];
  const isNumber = givesNumbers(judges);
  const told = (x: number) => (isNumber ? fixed(x, 2) : percent(x));
  const { toxicity } = judges.words;
  const says = `${toxicity[0].toUpperCase()}${toxicity.slice(1)}: ${told(good)} for kind sentences, ${told(bad)} for insulting ones.`;
  if (bad - good >= 0.5) return ok(says);
  if (bad - good > -0.1) {
    return warning(
      says,
      'The classifier hardly knows an insult: use one that does, or expect little of its verdict.',
    );
  }
  const remedy =
    'Name the toxic label with --toxic-label: the verdict would have its sign reversed.';
  return wrong(says, remedy);
}

/** How much of the reward the prompt decides, and whether the reward reads it: D6. */
export function checkPromptShare({ scores, reads, rl }: Exam): Verdict {
  const groups = byPrompt(scores);
  const { icc, etaSquared } = oneWay(groups);
  if (icc === null) {
    const says = `The reward of all ${scores.length} responses is ${fixed(scores[0], 3)}: there is nothing to learn from.`;
    return wrong(says, tellingApart);
  }
  const says =
    `The prompt explains ${percent(icc, 0)} of the reward's variance (ICC; eta² ${fixed(etaSquared!, 2)}; ` +
    `${groups.length} prompts × ${answerCount} responses), and the reward reads ${readings[reads]}`;
  const grouped = !algorithms[rl.algorithm].critic; // the other responses to the prompt are the baseline
  const dead = flatShare(scores, answerCount);
  if (grouped && dead > mostDead) {
    const flat = Math.round(dead * groups.length);
    return warning(`${says}; ${flat} prompts have one score for all, and no advantages.`, mixed);
  }
  if (reads === 'pair') {
    const better =
      rl.compat === 'none' ? 'Use --score-on response' : `Leave out --compat ${rl.compat}`;
    const remedy = `${better}: the policy cannot change the prompt.`;
    return warning(`${says}.`, remedy, { defect: 'D6' });
  }
  if (icc <= dominant || grouped) return ok(`${says}.`);
  const remedy = 'Use --algorithm rloo or --score-on delta, which take the prompt out.';
  return warning(`${says}: most of what is learnt from is not the policy's doing.`, remedy);
}

const readings = {
  response: 'the response alone',
  pair: 'the prompt as well',
  delta: 'both, less the prompt',
} as const;

/** What the run's reward says of sentences, as responses to nothing. */
async function rewardsOf(texts: readonly string[], exam: Exam): Promise<readonly number[]> {
  const { tokenizer } = exam;
  const [ids] = await tokenizer.encodeBatch(['']);
  const query: Prompt = { id: 'doctor', text: '', ids, references: [] };
  const responses = await tokenizer.encodeBatch(texts);
  const rollouts = texts.map((text, i) => ({
    query,
    text,
    response: responses[i],
    truncated: false,
  }));
  return plainScores(rollouts, exam);
}

/** The reward model's part of the reward. */
async function plainScores(rollouts: readonly Rollout<Prompt>[], exam: Exam) {
  const config: DetoxConfig = { ...exam.config, rougeWeight: 0, rewardModelWeight: 1 };
  return (await scoreRollouts(detoxReward({ ...exam, own: undefined }, config), rollouts)).scores;
}

/** Difference of means in pooled standard deviations (Cohen's d); infinite without any spread. */
function apart(a: readonly number[], b: readonly number[]): number {
  const difference = mean(a) - mean(b);
  const pooled = Math.sqrt((moments(a).std ** 2 + moments(b).std ** 2) / 2);
  return difference === 0 ? 0 : difference / pooled;
}

function mean(numbers: readonly number[]): number {
  return moments(numbers).mean;
}
