/** The verdict in English. Pure. */
import { fewestPrompts } from '../../comparison.ts';
import { counted, grouped } from '../text.ts';
import type { Moved, Tested, VerdictWords } from './verdict-words.ts';

const measured = ({ before, after }: Moved) => `${before} → ${after}`;

/** `p = 0.012 (Holm, of 11 measures), effect −0.41, 500 prompts` */
function test({ p, of, effect, prompts }: Tested): string {
  const holm = of === undefined ? '' : ` (Holm, of ${counted(of, 'measure')})`;
  const size = effect === undefined ? '' : `, effect ${effect}`;
  return `${p}${holm}${size}, ${counted(prompts, 'prompt')}`;
}

function shown({ hopeless, detectable }: Tested): string {
  if (hopeless === 'prompts') return `; fewer than ${fewestPrompts} prompts can prove nothing`;
  if (hopeless === 'toxicity') return '; even no toxicity at all would not have shown';
  return detectable === undefined ? '' : `; a fall of ${detectable} would have shown`;
}

export const english: VerdictWords = {
  verdicts: {
    improved: 'Improved',
    'improved at a cost': 'Improved at a cost',
    'no provable change': 'No provable change',
    worse: 'Worse',
  },
  unchanged: 'Nothing changed',
  sameResponses: (count) =>
    count === 1
      ? 'the one response is the same before and after'
      : `all ${grouped(count)} responses are the same before and after`,
  costs: {
    quality: 'quality',
    diversity: 'diversity',
    length: 'length',
    ending: 'endings',
    judge: 'the second judge does not agree',
  },
  names: {
    rouge1: 'ROUGE-1',
    rouge2: 'ROUGE-2',
    rougeL: 'ROUGE-L',
    rougeLsum: 'ROUGE-Lsum',
    tokens: 'mean length',
    distinct1: 'distinct-1',
    distinct2: 'distinct-2',
    selfOverlap: 'self-overlap',
    empty: 'empty responses',
    truncated: 'responses without an end',
    duplicates: 'responses that several prompts got',
  },
  moved: ({ name, before, after, relative, rose }) =>
    `${name} ${rose ? 'rose' : 'fell'} from ${before} to ${after}${relative ? ` (${relative})` : ''}`,
  judgeAgainst: ({ name, before, after }) =>
    `"${name}", a judge that has no part in the reward, does not agree (${before} → ${after})`,
  ruined: 'with so much lost, less toxicity is no improvement',
  toxicity: ({ before, after, change, relative }) =>
    `mean toxicity ${before} → ${after} (${change}${relative ? `, ${relative}` : ''})`,
  proven: (tested) => `, ${tested.level} interval ${tested.interval}, ${test(tested)}`,
  spansZero: (tested) =>
    `; the ${tested.level} interval ${tested.interval} holds 0, ${test(tested)}${shown(tested)}`,
  tooFew: ({ p, prompts }) => `; ${counted(prompts, 'prompt')} can prove nothing, ${p}`,
  tooFewChanged: (tested) => `; too few prompts changed to prove anything, ${test(tested)}`,
  amongMany: (tested) =>
    `; among so many measures that is no proof, ${test(tested)}${shown(tested)}`,
  judge: (name, says, moved) =>
    ({
      agrees: `"${name}", a judge that has no part in the reward, agrees (${measured(moved)}).`,
      contradicts: `"${name}", a judge that has no part in the reward, does not agree (${measured(moved)}).`,
      'cannot tell': `"${name}", a judge that has no part in the reward, finds too little to say either way (${measured(moved)}).`,
    })[says],
  noJudge: 'No second judge was asked.',
  lost: (name, by, relative, p) => `${name} fell as well, by ${by} (${relative}, ${p}).`,
  lab: {
    title: "The lab's numbers",
    mean: 'mean',
    std: 'standard deviation',
    improvement: 'improvement',
    sign: 'above 0 is less toxic; the lab prints the opposite sign',
  },
};
