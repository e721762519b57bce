/** The verdict in words. Pure. */
import type { Language } from './language.ts';
import { english } from './verdict.en.ts';
import { korean } from './verdict.ko.ts';
import type { VerdictWords } from './verdict-words.ts';

export const verdictWords: Readonly<Record<Language, VerdictWords>> = { en: english, ko: korean };
