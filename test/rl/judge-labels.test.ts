import { describe, expect, test } from 'vitest';
import {
  type JudgeLabels,
  type Judges,
  type Outputs,
  rewardOutputs,
  toxicOutputs,
  usualLabels,
} from '../../src/rl/judge-labels.ts';
import { judgeNotes } from '../../src/rl/judge-notes.ts';
import { tinyRoberta } from '../model/tiny.ts';

const two: Outputs = { labels: ['nothate', 'hate'], head: 'single' };
const three: Outputs = { labels: ['neutral', 'offensive', 'hate'], head: 'single' };
const one: Outputs = { labels: ['LABEL_0'], head: 'multi' };
const odd: Outputs = { labels: ['-toxic', 'toxic', 'rude, mild'], head: 'multi' };

const rewarded = (rewardLabel: string, rewardModel: Outputs) =>
  rewardOutputs({ rewardLabel }, { rewardModel })
    .map(({ index, sign }) => `${sign > 0 ? '+' : '-'}${index}`)
    .join(' ');
const toxic = (labels: Partial<JudgeLabels>, judges: Judges) =>
  toxicOutputs({ ...usualLabels, ...labels }, judges);

describe('labels that pay', () => {
  test.each<[string, Outputs, string]>([
    ['nothate', two, '+0'],
    ['-hate', two, '-1'],
    ['nothate,-hate', two, '+0 -1'],
    ['neutral, -offensive, -hate', three, '+0 -1 -2'],
    ['-toxic', odd, '+0'], // a label of that name
    ['--toxic', odd, '-0'],
    ['toxic', odd, '+1'],
    ['-rude, mild', odd, '-2'],
    ['nothate', one, '+0'], // a single output needs no name
    ['LABEL_0', one, '+0'],
    ['-LABEL_0', one, '-0'],
  ])('%j of %o are %s', (label, model, expected) => {
    expect(rewarded(label, model)).toBe(expected);
  });

  test.each<[string, Outputs, string]>([
    ['nothat', two, '`rewardLabel`: expected one of "nothate", "hate", got "nothat". Did you mean'],
    ['-hat', two, '`rewardLabel`: expected one of "nothate", "hate", got "-hat".'],
    ['nothate,love', two, 'expected one of "nothate", "hate", got "love".'],
    ['good', one, '`rewardLabel`: expected "LABEL_0", the only label, got "good".'],
    [
      'nothate',
      three,
      '`rewardLabel`: expected one of "neutral", "offensive", "hate", got "nothate". ' +
        'Say which label is good with `rewardLabel`, and which is toxic with `toxicLabel`.',
    ],
  ])('%j of %o is refused', (label, model, message) => {
    expect(() => rewarded(label, model)).toThrow(message);
  });
});

describe('labels that are toxic', () => {
  test.each<[Partial<JudgeLabels>, Judges, number[]]>([
    [{}, { rewardModel: two }, [1]],
    [{ toxicLabel: 'hate,offensive' }, { rewardModel: three }, [2, 1]],
    [{ toxicLabel: 'rude, mild' }, { rewardModel: odd }, [2]],
    [{ toxicLabel: 'rude, mild' }, { rewardModel: one, toxicityModel: odd }, [2]],
    [{}, { rewardModel: one, toxicityModel: two }, [1]],
    [{}, { rewardModel: two, toxicityModel: one }, [0]],
    [{ rewardLabel: '-LABEL_0', toxicLabel: 'LABEL_0' }, { rewardModel: one }, [0]],
  ])('%j of %o are %j', (labels, judges, expected) => {
    expect(toxic(labels, judges)).toEqual(expected);
  });

  test.each<[Partial<JudgeLabels>, Judges, string]>([
    [
      { toxicLabel: 'hat' },
      { rewardModel: two },
      '`toxicLabel`: expected one of "nothate", "hate"',
    ],
    [{ toxicLabel: 'hate,hate' }, { rewardModel: two }, '`toxicLabel`: expected each label once'],
    [{ toxicLabel: 'x' }, { rewardModel: two, toxicityModel: one }, 'expected "LABEL_0", the only'],
    [{}, { rewardModel: one }, '`toxicityModel`: expected a model that measures the toxicity, got'],
    [
      { toxicLabel: 'LABEL_0' },
      { rewardModel: one },
      '`rewardLabel`: expected what pays, since the only output is the toxicity, got nothing. ' +
        'Set `rewardLabel` to "-LABEL_0"',
    ],
  ])('%j of %o are refused', (labels, judges, message) => {
    expect(() => toxic(labels, judges)).toThrow(message);
  });
});

describe('what is told of judges', () => {
  const told = (judges: Judges, settings: Partial<Parameters<typeof judgeNotes>[0]> = {}) => {
    const configOf = (outputs: Outputs) => ({ ...tinyRoberta, ...outputs });
    const reading = { scoreOn: 'response', toxicityOn: 'response', pairAs: 'joined' } as const;
    const { rewardModel, toxicityModel } = judges;
    return judgeNotes(
      { ...usualLabels, ...reading, ...settings },
      {
        rewardModel: configOf(rewardModel),
        toxicityModel: toxicityModel && configOf(toxicityModel),
      },
    ).map(({ says }) => says);
  };
  const segmented = { ...two, modelType: 'bert', padId: 0, typeVocab: 2 } as Outputs;

  test('nothing of two softmaxed labels', () => {
    expect(told({ rewardModel: two })).toEqual([]);
    expect(told({ rewardModel: two }, { scoreOn: 'pair', toxicityOn: 'pair' })).toEqual([]);
    expect(told({ rewardModel: segmented })).toEqual([]);
  });

  test('how several toxic labels make one number', () => {
    const toxicLabel = 'offensive,hate';
    const rewardLabel = 'neutral';
    expect(told({ rewardModel: three }, { rewardLabel, toxicLabel })).toEqual([
      'Toxicity is the sum of the probabilities of "offensive" and "hate".',
    ]);
    const multi: Outputs = { ...three, head: 'multi' };
    expect(told({ rewardModel: multi }, { rewardLabel, toxicLabel })).toEqual([
      'Toxicity is the largest of the probabilities of "offensive" and "hate".',
    ]);
    const numbers: Outputs = { ...three, head: 'regression' };
    expect(told({ rewardModel: numbers }, { rewardLabel, toxicLabel })).toEqual([
      'Toxicity is the largest of the numbers "offensive" and "hate" of a regression, not a probability; flagged is a text from 0.5 on.',
    ]);
  });

  test('what the single output of a reward model is taken for', () => {
    expect(told({ rewardModel: one, toxicityModel: two })).toEqual([
      'The reward is the only output of the reward model ("LABEL_0"): the more of it, the better.',
      'The reward model has one output, and reads the response alone.',
    ]);
    const labels = { rewardLabel: '-LABEL_0', toxicLabel: 'LABEL_0' };
    expect(told({ rewardModel: one }, labels)).toEqual([
      'Toxicity is the sigmoid of the only output, "LABEL_0".',
    ]);
  });

  test('a pair that is joined for a model of pairs', () => {
    const joined = 'prompt and response are given to it joined to one text';
    const scoreOn = 'pair';
    const [segments] = told({ rewardModel: segmented }, { scoreOn, toxicityOn: 'pair' });
    expect(segments).toBe(`The reward model has segments for two texts, and ${joined}.`);
    expect(told({ rewardModel: one, toxicityModel: two }, { scoreOn })[1]).toBe(
      `The reward model has one output, as models of pairs have it, and ${joined}.`,
    );
    expect(told({ rewardModel: two, toxicityModel: segmented }, { toxicityOn: 'pair' })).toEqual([
      `The toxicity model has segments for two texts, and ${joined}.`,
    ]);
    expect(told({ rewardModel: segmented }, { scoreOn, pairAs: 'two-texts' })).toEqual([]);
  });
});
