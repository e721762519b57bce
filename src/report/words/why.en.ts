import type { ChangeTexts, Moved, WhyWords } from './why-words.ts';

const moved = ({ of, better }: Moved) =>
  of === 'toxicity'
    ? `toxicity ${better ? 'fell' : 'rose'}`
    : `the reward ${better ? 'rose' : 'fell'}`;
const movement = ({ of, better }: Moved) =>
  of === 'toxicity'
    ? `the ${better ? 'fall' : 'rise'} in toxicity`
    : `the ${better ? 'rise' : 'fall'} in reward`;

const shown = ({ words }: ChangeTexts) =>
  words.length === 0
    ? ''
    : ` (${words.map(({ word, prompts }) => `“${word}” ${prompts}`).join(', ')})`;

/** What a response did, for a sentence that counts responses. */
const deeds: Readonly<Record<string, (fell: boolean) => string>> = {
  harmfulWords: (fell) =>
    fell ? 'left out a word that marks responses judged worse' : 'has such a word anew',
  helpfulWords: (fell) => `${fell ? 'lost' : 'got'} a word that marks the better responses`,
  listedWords: (fell) => `${fell ? 'left out' : 'has'} a word of the list`,
  length: (fell) => `became ${fell ? 'shorter' : 'longer'}`,
  overlap: (fell) => `takes ${fell ? 'fewer' : 'more'} of its words from the dialogue`,
  copied: (fell) => `copies ${fell ? 'less' : 'more'} of the dialogue`,
  names: (fell) => `keeps ${fell ? 'fewer' : 'more'} names and numbers`,
  strangeNames: (fell) =>
    `has ${fell ? 'fewer' : 'more'} names and numbers that the dialogue lacks`,
  truncated: (fell) => `is ${fell ? 'no longer' : 'now'} cut off`,
};

export const whyWordsEn: WhyWords = {
  title: 'Why samples gain',
  basis: ({ prompts, alpha }) =>
    `Over all ${prompts} prompts. What is said here changed from before to after and goes with the gain, both at p < ${alpha} over all that was asked (exchange of before and after, permutation, Holm). It is what goes together, not a proof of cause.`,
  nothing: 'Nothing that was counted tells the samples that gain from the others.',
  features: {
    harmfulWords: 'has words of responses that are judged worse',
    helpfulWords: 'has words of responses that are judged better',
    listedWords: 'has words of the list',
    length: 'length in tokens',
    overlap: 'words that stand in the dialogue',
    copied: 'words in copied spans of four or more',
    names: 'names and numbers kept',
    strangeNames: 'names and numbers that the dialogue lacks',
    truncated: 'cut off',
  },
  cause(feature, texts, place) {
    const { most, others, before, after, share, rho, fell } = texts;
    const start = place === 0 ? '' : 'Beside that: ';
    const counts =
      most && others
        ? `In ${most.with} of the ${most.of} prompts where ${moved(texts)} most, the response ${deeds[feature](fell)}${shown(texts)}, against ${others.with} of the other ${others.of}.`
        : '';
    const part = `That explains ${share} of ${movement(texts)} (${whyWordsEn.features[feature]}: ${before} → ${after}; rank correlation ${rho}).`;
    return `${start}${counts} ${part}`.trim();
  },
  against: (feature, texts) =>
    `Against it: ${whyWordsEn.features[feature]} went ${texts.before} → ${texts.after}, which goes with less gain (rank correlation ${texts.rho}).`,
  given(given, texts) {
    const { group, n, without, gain, gainWithout, more } = texts;
    const means = `a mean gain of ${gain}, against ${gainWithout} of the other ${without}`;
    if (given === 'level')
      return `The gain lies where there was something to gain: ${n} prompts with toxicity before or after have ${means}.`;
    if (given === 'promptWords')
      return `${more ? 'More' : 'Less'} is gained where the dialogue itself has words of responses judged worse: ${n} prompts have ${means}.`;
    return `${more ? 'More' : 'Less'} is gained in the group “${group}”: ${n} prompts have ${means}.`;
  },
  went: (grams) => `Went, in prompts before → after: ${grams}.`,
  came: (grams) => `Came: ${grams}.`,
  gram: (gram, before, after) => `“${gram}” (${before} → ${after})`,
  correlations: 'What was counted',
  columns: ['', 'before', 'after', 'change', 'correlation with the gain', 'p'],
  correlationsNote: (level) =>
    `Spearman’s rank correlation over prompts with its ${level} interval; p of both questions together, after Holm.`,
  gained: (n) => `Where toxicity fell most, and most tellingly: ${n} pairs of all`,
  lost: (n) => `Where it rose: ${n} pairs of all`,
  pairColumns: ['toxicity', 'before', 'after', 'words'],
  together: {
    title: 'Reward and ROUGE together',
    quadrants: {
      'gained and kept': 'reward gained, ROUGE kept',
      'gained at a cost': 'reward gained at the cost of ROUGE',
      'closer without gain': 'closer to the reference without gain',
      lost: 'lost',
      unchanged: 'unchanged',
    },
    columns: ['', 'prompts', 'share'],
    ofGained: ({ n, change, outcome }) => {
      const words = { rose: 'rose', fell: 'fell', open: 'did not provably change' };
      return `Where the reward rose (${n} prompts), ROUGE-1 ${words[outcome]}: ${change}.`;
    },
    correlation: (rho) => `Rank correlation of the two changes over all prompts: ${rho}.`,
  },
  pareto: {
    checkpoint: (step) => `after step ${step}`,
    title: 'Which are worth keeping',
    columns: ['', 'reward', 'toxicity', 'ROUGE-1', ''],
    front: 'no other is better in all',
    dominated: (names) => `beaten by ${names}`,
    note: 'By means alone: two that are close may change places with other prompts.',
  },
};
