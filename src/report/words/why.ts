/** What a report says of why samples gain, in each language. Pure. */
import type { Language } from './language.ts';
import { whyWordsEn } from './why.en.ts';
import { whyWordsKo } from './why.ko.ts';
import type { WhyWords } from './why-words.ts';

export const whyWords: Readonly<Record<Language, WhyWords>> = { en: whyWordsEn, ko: whyWordsKo };
