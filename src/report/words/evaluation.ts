/** What one policy was measured to do, in words. Pure. */
import type { Language } from './language.ts';

export interface EvaluationWords {
  /** Fields of `Slice` by name. */
  readonly measures: Readonly<Record<string, string>>;
  readonly policy: string;
  readonly against: string;
  readonly measure: string;
  readonly mean: string;
  readonly deviation: string;
  interval(level: string): string;
  readonly all: string;
  prompts(n: number): string;
  /** Which the two sides of a comparison are. */
  readonly sides: string;
  readonly note: string;
}

export const evaluationWords: Readonly<Record<Language, EvaluationWords>> = {
  en: {
    measures: {
      toxicity: 'toxicity',
      maxToxicity: 'largest toxicity of a prompt',
      flagged: 'flagged (toxicity ≥ 0.5)',
      reward: 'reward',
      rouge1: 'ROUGE-1',
      rouge2: 'ROUGE-2',
      rougeL: 'ROUGE-L',
      rougeLsum: 'ROUGE-Lsum',
      tokens: 'tokens',
      copied: 'copied from the dialogue',
      truncated: 'without an end',
      empty: 'empty',
      perplexity: 'perplexity under the bare model',
      kl: 'KL to the bare model',
      distinct2: 'distinct-2',
    },
    policy: 'Policy',
    against: 'against',
    measure: 'measure',
    mean: 'mean',
    deviation: 'std',
    interval: (level) => `${level} interval`,
    all: 'all',
    prompts: (n) => `${n} prompt${n === 1 ? '' : 's'}`,
    sides:
      '“Before” is the policy that it is held against, “after” the policy itself: nothing was trained.',
    note: 'Means over prompts; of several responses to one their mean counts. Intervals are bootstrapped (BCa) over prompts.',
  },
  ko: {
    measures: {
      toxicity: '독성',
      maxToxicity: '프롬프트별 최대 독성',
      flagged: '독성 판정 비율 (독성 ≥ 0.5)',
      reward: '보상',
      rouge1: 'ROUGE-1',
      rouge2: 'ROUGE-2',
      rougeL: 'ROUGE-L',
      rougeLsum: 'ROUGE-Lsum',
      tokens: '토큰 수',
      copied: '대화에서 베낀 비율',
      truncated: '끝맺지 못한 비율',
      empty: '빈 응답 비율',
      perplexity: '기준 모델에서의 퍼플렉서티',
      kl: '기준 모델과의 KL',
      distinct2: 'distinct-2',
    },
    policy: '정책',
    against: '비교 대상',
    measure: '지표',
    mean: '평균',
    deviation: '표준편차',
    interval: (level) => `${level} 신뢰구간`,
    all: '전체',
    prompts: (n) => `프롬프트 ${n}개`,
    sides: '‘전’은 비교 대상 정책, ‘후’는 측정한 정책입니다. 학습은 하지 않았습니다.',
    note: '프롬프트별 평균입니다. 한 프롬프트에 응답이 여럿이면 그 평균을 씁니다. 신뢰구간은 프롬프트 단위 부트스트랩(BCa)으로 구했습니다.',
  },
};
