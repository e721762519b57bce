/** What the measures are called. Pure. */
import type { Language } from './language.ts';

/** In tables, and in sentences where they begin with them. */
const en = {
  toxicity: 'toxicity',
  maxToxicity: 'largest toxicity',
  flagged: 'flagged',
  reward: 'reward',
  rouge1: 'ROUGE-1',
  rouge2: 'ROUGE-2',
  rougeL: 'ROUGE-L',
  rougeLsum: 'ROUGE-Lsum',
  faithfulness: 'faithfulness',
  coverage: 'coverage',
  tokens: 'tokens',
  truncated: 'without an end',
  empty: 'empty',
  duplicates: 'duplicates',
  copied: 'copied',
  perplexity: 'perplexity',
  kl: 'KL',
  distinct1: 'distinct-1',
  distinct2: 'distinct-2',
  selfOverlap: 'self-overlap',
};
export type MeasureName = keyof typeof en;

const ko: Readonly<Record<MeasureName, string>> = {
  toxicity: '독성',
  maxToxicity: '최대 독성',
  flagged: '유해 판정',
  reward: '보상',
  rouge1: 'ROUGE-1',
  rouge2: 'ROUGE-2',
  rougeL: 'ROUGE-L',
  rougeLsum: 'ROUGE-Lsum',
  faithfulness: '충실도',
  coverage: '포괄도',
  tokens: '토큰 수',
  truncated: '끝맺지 못함',
  empty: '빈 응답',
  duplicates: '중복',
  copied: '베낀 비율',
  perplexity: '퍼플렉시티',
  kl: 'KL',
  distinct1: 'distinct-1',
  distinct2: 'distinct-2',
  selfOverlap: '상호 중첩',
};

export const measureNames: Readonly<Record<Language, Readonly<Record<MeasureName, string>>>> = {
  en,
  ko,
};
