/** Several runs beside each other, in words. Pure. */
import type { Semantics, ToldMeasure } from '../several/several.ts';
import type { Language } from './language.ts';

/** What is said of a comparison of semantics. */
export interface SeveralWords {
  readonly title: string;
  /** `The same run under 3 semantics …` */
  intro(runs: number, seed: number, prompts: number): string;
  readonly run: string;
  readonly verdict: string;
  readonly lastKl: string;
  readonly measures: Readonly<Record<ToldMeasure, string>>;
  readonly eachRun: string;
  readonly costs: string;
  /** Which test it is, and what bold means. */
  note(plain: string, level: string): string;
  /** What a run that differs in nothing provable is said to cost. */
  readonly nothing: string;
  /** `scoresFirstToken left out`. */
  leftOut(name: string): string;
  /** What stands before what a run costs: of what it is. */
  readonly trl: string;
  idle(names: readonly string[]): string;
  readonly limits: string;
  /** Settings that differ. */
  readonly settings: string;
  files(names: readonly string[]): string;
  /** `B against A, the same 500 prompts, …`. */
  against(second: string, first: string, prompts: number, same: number): string;
  readonly proven: string;
  /** Which answers are shown. */
  apart(shown: number, prompts: string): string;
}

export const severalWords: Readonly<Record<Language, SeveralWords>> = {
  en: {
    title: 'Default and TRL 0.8.0',
    intro: (runs, seed, prompts) =>
      `The same run ${runs} times with different semantics: the same models, data and settings, seed ${seed}, and the same ${prompts} held-out prompts before and after.`,
    run: 'run',
    verdict: 'verdict',
    lastKl: 'KL, last step',
    measures: {
      toxicity: 'toxicity',
      flagged: 'flagged',
      reward: 'reward',
      rouge1: 'ROUGE-1',
      tokens: 'tokens',
    },
    eachRun: 'Each run, before → after',
    costs: 'What it costs',
    note: (plain, level) =>
      `What the trained policy answers, against the run \`${plain}\` on the same prompts: mean difference with its ${level} interval; **bold** where it is proven, by Holm's p-values over all numbers of this table.`,
    nothing: 'nothing shows',
    leftOut: (name) => `without ${name}`,
    trl: 'all corrections left out, and the defaults of TRL 0.8.0',
    idle: (names) => `Without effect on these settings, and not run: ${names.join(', ')}.`,
    limits:
      'One seed: a difference between two runs is also one between two paths of training. Several seeds say more.',
    settings: 'settings that differ',
    files: (names) => `Other contents: ${names.join(', ')}.`,
    against: (second, first, prompts, same) =>
      `${second} against ${first}: ${prompts} prompts that both answered, ${same} answers the same`,
    proven: 'proven',
    apart: (shown, prompts) =>
      `Answers: the ${shown} of ${prompts} on which rewards lie furthest apart (reward, toxicity)`,
  },
  ko: {
    title: '기본값과 TRL 0.8.0',
    intro: (runs, seed, prompts) =>
      `같은 실행을 방식만 바꾸어 ${runs}번 수행했습니다. 모델, 데이터, 설정, 시드(${seed})가 모두 같고, 학습 전후에 같은 평가 프롬프트 ${prompts}개로 측정했습니다.`,
    run: '실행',
    verdict: '판정',
    lastKl: '마지막 단계의 KL',
    measures: {
      toxicity: '독성',
      flagged: '독성 판정 비율',
      reward: '보상',
      rouge1: 'ROUGE-1',
      tokens: '토큰 수',
    },
    eachRun: '각 실행의 학습 전 → 후',
    costs: '무엇을 잃는가',
    note: (plain, level) =>
      `학습된 정책의 응답을 같은 프롬프트에서 \`${plain}\` 실행과 비교한 평균 차이와 ${level} 신뢰구간입니다. 이 표의 모든 수치에 대한 Holm 보정 유의확률로 입증된 차이는 **굵게** 표시합니다.`,
    nothing: '입증된 차이 없음',
    leftOut: (name) => `${name} 제외`,
    trl: '모든 수정을 제외하고 TRL 0.8.0의 기본값을 사용',
    idle: (names) => `이 설정에서는 영향이 없어 실행하지 않은 수정: ${names.join(', ')}.`,
    limits:
      '시드가 하나이므로 두 실행의 차이에는 학습 경로의 우연한 차이도 들어 있습니다. 여러 시드로 확인해야 합니다.',
    settings: '서로 다른 설정',
    files: (names) => `내용이 다른 파일: ${names.join(', ')}.`,
    against: (second, first, prompts, same) =>
      `${first} 대비 ${second}: 둘 다 응답한 프롬프트 ${prompts}개, 같은 응답 ${same}개`,
    proven: '입증됨',
    apart: (shown, prompts) =>
      `응답: ${prompts} 가운데 보상 차이가 가장 큰 ${shown}개 (보상, 독성)`,
  },
};

/** What a run is, in words. */
export function semanticsText(
  { name, without, cost }: Semantics['runs'][number],
  words: SeveralWords,
): string {
  if (without !== undefined) return words.leftOut(without);
  return cost ? words.trl : name;
}
