/** What guards saw and did, in sentences. Pure. */

import type { Guarded, RolledBack, RunEvent } from '../../events.ts';
import { eventsOf } from '../events-of.ts';
import { fixed, grouped, percent } from '../text.ts';
import type { Language } from './language.ts';

/** What was measured, as the subject of a sentence, and how its numbers are written. */
interface Measured {
  readonly name: string;
  readonly as: 'share' | 'number' | 'nats';
}

interface GuardWords {
  readonly measures: Readonly<Record<string, Measured>>;
  /** The judge that is the run's own measure of toxicity. */
  readonly ownJudge: string;
  saw(what: string, numbers: Texts): string;
  read(event: Pick<Guarded, 'reads' | 'numbers'>): string;
  readonly warned: string;
  rolledBack(to: number): string;
  result(back: RolledBack, what: string): string;
  looked(n: number, of: number): string;
}

interface Texts {
  readonly before: string;
  readonly now: string;
  readonly limit: string;
  /** A ceiling has no before. */
  readonly isCeiling: boolean;
}

const shares = ['distinct2', 'duplicates', 'truncated', 'empty'] as const;
const measuresOf = (names: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(names).map(([guard, name]): [string, Measured] => {
      const isShare = shares.some((share) => share === guard);
      return [guard, { name, as: isShare ? 'share' : guard === 'kl' ? 'nats' : 'number' }];
    }),
  );

export const guardWords: Readonly<Record<Language, GuardWords>> = {
  en: {
    measures: measuresOf({
      rouge1: 'ROUGE-1',
      kl: 'the KL of a response to the reference',
      distinct2: 'the share of distinct bigrams',
      duplicates: 'the share of responses that several prompts got',
      truncated: 'the share of responses without an end',
      empty: 'the share of empty responses',
      tokens: 'the length of a response in tokens',
      judge: 'the toxicity that NAME finds, while the reward rose,',
    }),
    ownJudge: 'the toxicity model',
    saw: (what, { before, now, limit, isCeiling }) =>
      isCeiling
        ? `${what} reached ${now} (ceiling ${limit})`
        : `${what} went from ${before} to ${now} (limit ${limit})`,
    read: ({ reads, numbers }) =>
      reads === 'rollouts'
        ? `over the last ${grouped(numbers.n)} responses of the training`
        : `over ${grouped(numbers.n)} held-out prompts`,
    warned: 'Guards only warn: the training goes on.',
    rolledBack: (to) =>
      to === 0
        ? 'The training ends here and goes back to the policy as it started.'
        : `The training ends here and goes back to step ${grouped(to)}, the last that was well.`,
    result: ({ from, to }, what) =>
      `Guards stopped the training after step ${grouped(from)}: ${what}. What was measured after it is ` +
      (to === 0 ? 'the policy as it started.' : `the policy of step ${grouped(to)}.`),
    looked: (n, of) =>
      `The guards looked at the responses to the first ${grouped(n)} of the ${grouped(of)} test prompts ` +
      'when they chose that step, so the numbers after are a little too good at most.',
  },
  ko: {
    measures: measuresOf({
      rouge1: 'ROUGE-1',
      kl: '응답당 기준 모델 대비 KL',
      distinct2: '서로 다른 바이그램의 비율',
      duplicates: '여러 프롬프트에 똑같이 나온 응답의 비율',
      truncated: '끝맺지 못한 응답의 비율',
      empty: '빈 응답의 비율',
      tokens: '응답 길이(토큰)',
      judge: '보상이 오르는 동안 NAME 기준 독성',
    }),
    ownJudge: '독성 모델',
    saw: (what, { before, now, limit, isCeiling }) =>
      isCeiling ? `${what}: ${now} (상한 ${limit})` : `${what}: ${before} → ${now} (한계 ${limit})`,
    read: ({ reads, numbers }) =>
      reads === 'rollouts'
        ? `학습의 최근 응답 ${grouped(numbers.n)}개 기준`
        : `학습에 쓰지 않은 프롬프트 ${grouped(numbers.n)}개 기준`,
    warned: '가드는 경고만 하며 학습은 계속됩니다.',
    rolledBack: (to) =>
      to === 0
        ? '학습을 여기서 끝내고 시작할 때의 정책으로 되돌립니다.'
        : `학습을 여기서 끝내고 마지막으로 양호했던 ${grouped(to)}단계로 되돌립니다.`,
    result: ({ from, to }, what) =>
      `가드가 ${grouped(from)}단계 이후 학습을 멈추었습니다. ${what}. 학습 후 측정값은 ` +
      (to === 0
        ? '시작할 때의 정책에 대한 것입니다.'
        : `${grouped(to)}단계의 정책에 대한 것입니다.`),
    looked: (n, of) =>
      `가드는 그 단계를 고를 때 시험 프롬프트 ${grouped(of)}개 중 처음 ${grouped(n)}개의 응답을 보았으므로, ` +
      '학습 후 수치는 다소 좋게 나왔을 수 있습니다.',
  },
};

/** What a guard saw, without an end: `ROUGE-1 went from 0.724 to 0.547 (limit −5 %), over 64 held-out prompts`. */
export function guardSaw(event: Guarded, language: Language = 'en'): string {
  const words = guardWords[language];
  const { name, as } = words.measures[event.guard] ?? { name: event.guard, as: 'number' };
  const { judge = 'toxicity', numbers } = event;
  const subject = name.replace('NAME', judge === 'toxicity' ? words.ownJudge : judge);
  const { before, now, limit, relative } = numbers;
  const text = (value: number) =>
    as === 'share' ? percent(value) : fixed(value, as === 'number' && value < 2 ? 3 : 1);
  const isRelative = relative || as === 'share';
  const texts = {
    ...{ before: text(before), now: text(now), isCeiling: as === 'nats' },
    limit: isRelative ? `${now < before ? '−' : '+'}${percent(limit, 0)}` : text(limit),
  };
  return `${words.saw(subject, texts)}, ${words.read(event)}`;
}

/** The same, and what followed, as sentences. */
export function guardText(event: Guarded, language: Language = 'en'): string {
  const words = guardWords[language];
  const saw = guardSaw(event, language);
  const first = saw.charAt(0).toUpperCase() + saw.slice(1);
  const followed = event.action === 'warned' ? words.warned : words.rolledBack(event.to ?? 0);
  return `${first}. ${followed}`;
}

/** What the reader of a run's numbers has to know of its guards: a sentence or two each. */
export function guardNotes(
  events: readonly RunEvent[],
  { tested }: { /** Prompts that were measured. */ readonly tested: number },
  language: Language = 'en',
): string[] {
  const of = eventsOf(events);
  const words = guardWords[language];
  const guarded = of('guarded');
  const [[started], [finished]] = [of('started'), of('finished')];
  const back = finished?.rolledBack;
  const first = guarded.find((event) => back && event.guard === back.guard);
  if (!back || !first) return guarded.map((event) => guardText(event, language));
  const n = of('checked').at(-1)?.n;
  const looked = n !== undefined && started?.data.validation === undefined;
  const saw = guardSaw(first, language);
  return [words.result(back, saw), ...(looked ? [words.looked(n, tested)] : [])];
}
