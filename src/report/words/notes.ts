/**
 * What a run's log tells in English, in the language of a report. A log holds sentences, those of
 * earlier versions too: a translation is found by the English one. Pure.
 */
import { evaluationWords } from './evaluation.ts';
import type { Language } from './language.ts';
import { counts, memoryParts, parts } from './note-parts.ko.ts';
import { sentences } from './notes.ko.ts';

interface Found {
  readonly pattern: RegExp;
  readonly korean: string;
}

const compiled = (pairs: readonly (readonly [string, string])[]): Found[] =>
  pairs.map(([english, korean]) => ({ pattern: patternOf(english), korean }));

/** `{}` is anything, as little of it as will do. */
function patternOf(english: string): RegExp {
  const literal = english.split('{}').map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('(.+?)')}$`, 's');
}

let known: { readonly sentences: Found[]; readonly parts: Found[] } | undefined;

/** Made late: most reports need none of it. */
function catalogue() {
  const { en, ko } = evaluationWords;
  known ??= { sentences: compiled([...sentences, [en.sides, ko.sides]]), parts: compiled(parts) };
  return known;
}

/** A note's sentence, or its remedy; what is not known stays as it is. */
export function noteIn(text: string, language: Language): string {
  return (language === 'ko' && koreanOf(text)) || text;
}

/** What stands in the record of a run, such as `probability of "hate"`. */
export function partIn(text: string, language: Language): string {
  return language === 'ko' ? partOf(text) : text;
}

/** The Korean of a sentence; undefined where there is none. */
export function koreanOf(text: string): string | undefined {
  // `data.csv: …`, where the place may hold a colon as well
  for (const { index } of [...text.matchAll(/: /g)].reverse()) {
    const rest = matched(text.slice(index + 2), catalogue().sentences);
    if (rest !== undefined) return `${text.slice(0, index)}: ${rest}`;
  }
  return matched(text, catalogue().sentences);
}

function matched(text: string, known: readonly Found[]): string | undefined {
  for (const { pattern, korean } of known) {
    const found = pattern.exec(text);
    if (found) return korean.replace(/\{(\d)\}/g, (_, place) => partOf(found[Number(place) + 1]));
  }
  return undefined;
}

/** A part of a sentence: a count, a list, words that the catalogue has; else as it is. */
function partOf(text: string): string {
  const [, number, noun] = /^([\d,]+) ([a-z ]+?)s?$/.exec(text) ?? [];
  if (noun !== undefined && noun in counts) return counts[noun].replace('{}', number);
  const [, some, all] = /^([\d,]+) of ([\d,]+ [a-z ]+)$/.exec(text) ?? [];
  if (all !== undefined) return `${partOf(all)} 중 ${some}개`;
  const [, rows, kept] = /^([\d,]+ rows?) ([\d,]+)$/.exec(text) ?? [];
  if (kept !== undefined) return `${partOf(rows)} 중 ${kept}행`;
  const several = text.split(/(?:, | and )(?=[\d.]+ % of the tokens of )/);
  if (several.length > 1) return several.map(partOf).join(', ');
  const memory = text.split(', ').map(memoryPart);
  if (memory.every((one) => one !== undefined)) return memory.join(', ');
  return matched(text, catalogue().parts) ?? text.replace(/ and (?=["`])/g, ', ');
}

function memoryPart(text: string): string | undefined {
  if (text === '…') return text;
  const [, name, size] = /^([a-z ]+) ([\d.,]+ [MG]B)$/.exec(text) ?? [];
  return name !== undefined && name in memoryParts ? `${memoryParts[name]} ${size}` : undefined;
}
