/** The languages in which reports and verdicts are written. Pure. */

/** `ko` is Korean. */
export const languages = ['en', 'ko'] as const;
export type Language = (typeof languages)[number];

/** In which a run's settings ask for words; in the logs of earlier versions there was one. */
export function languageOf(settings: { readonly language?: unknown } = {}): Language {
  return languages.find((language) => language === settings.language) ?? 'en';
}
