/** The languages in which reports and verdicts are written. Pure. */

/** `ko` is Korean. */
export const languages = ['en', 'ko'] as const;
export type Language = (typeof languages)[number];
