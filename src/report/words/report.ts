/** What a report says around its numbers, by language. Pure. */
import type { Language } from './language.ts';
import { reportEnglish } from './report.en.ts';
import { reportKorean } from './report.ko.ts';
import type { ReportWords } from './report-words.ts';

export const reportWords: Readonly<Record<Language, ReportWords>> = {
  en: reportEnglish,
  ko: reportKorean,
};
