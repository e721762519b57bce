/** The verdict in words. Pure. */
import type { Verdict } from '../../comparison.ts';
import type { Language } from './language.ts';

export interface VerdictWords {
  readonly verdicts: Readonly<Record<Verdict, string>>;
  /** When every response is the same before and after. */
  readonly unchanged: string;
}

export const verdictWords: Readonly<Record<Language, VerdictWords>> = {
  en: {
    verdicts: {
      improved: 'Improved',
      'improved at a cost': 'Improved at a cost',
      'no provable change': 'No provable change',
      worse: 'Worse',
    },
    unchanged: 'Nothing changed',
  },
  ko: {
    verdicts: {
      improved: '개선됨',
      'improved at a cost': '대가를 치른 개선',
      'no provable change': '입증된 변화 없음',
      worse: '악화됨',
    },
    unchanged: '변화 없음',
  },
};
