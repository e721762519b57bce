/** What the measures are called. Pure. */
import type { RougeKind } from '../../comparison.ts';
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

/** Which ROUGE it is. */
export const rougeWords: Readonly<Record<Language, (kind: RougeKind) => string>> = {
  en({ package: name, version, value, stemmer, splitsSentences }) {
    const words = `words are runs of a-z and 0-9 in lower case, ${stemmer ? '' : 'not '}stemmed`;
    const sentences = splitsSentences
      ? 'by sentences, a line each'
      : 'as one sentence, newlines or not';
    return `ROUGE is the ${value} of ${name} ${version}: ${words}; ROUGE-L takes a text ${sentences}.`;
  },
  ko({ package: name, version, value, stemmer, splitsSentences }) {
    const words = `단어는 소문자로 바꾼 a-z와 0-9의 연속이며 어간 추출은 ${stemmer ? '합니다' : '하지 않습니다'}`;
    const sentences = splitsSentences ? '한 줄을 한 문장으로' : '줄바꿈과 관계없이 한 문장으로';
    return `ROUGE는 ${name} ${version}의 ${value} 값입니다. ${words}. ROUGE-L은 글을 ${sentences} 봅니다.`;
  },
};
