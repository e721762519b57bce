/** What is counted of a response, to be held against its gain. Pure. */

import type { FeatureName } from '../../explanation.ts';
import { ngramsOf } from '../ngrams.ts';
import type { Case, Said } from './cases.ts';
import type { TellingWords } from './telling-words.ts';
import { namesOf, wordsOf } from './words.ts';

/** A number of a response to a prompt. */
export interface Feature {
  readonly name: FeatureName;
  /** @param place of the prompt */
  value(said: Said, place: number): number;
}

/** What is known of a prompt beside its responses. */
interface Known {
  readonly words: ReadonlySet<string>;
  readonly spans: ReadonlySet<string>;
  /** Names and numbers of the references, or of the dialogue where there are none. */
  readonly wanted: ReadonlySet<string>;
  /** What stands in the dialogue or in a reference, in lower case. */
  readonly text: string;
}

/** Words that copied spans have at least. */
const span = 4;

export interface FeatureParts {
  /** Of each case, learnt from others. */
  readonly telling: readonly TellingWords[];
}

/** All features that these cases can have. */
export function featuresOf(cases: readonly Case[], { telling }: FeatureParts): Feature[] {
  const known = cases.map(knownOf);
  const lists = wordLists(cases);
  const some = (name: FeatureName, value: Feature['value']): Feature => ({ name, value });
  return [
    some('harmfulWords', ({ words }, i) => hasOne(words, telling[i].harmful)),
    some('helpfulWords', ({ words }, i) => hasOne(words, telling[i].helpful)),
    ...(lists.length > 0
      ? [some('listedWords', ({ sample }) => Number(lists.some((name) => sample.judges?.[name])))]
      : []),
    some('length', ({ sample }) => sample.tokens),
    some('overlap', ({ words }, i) => inSet(words, known[i].words) / Math.max(1, words.length)),
    some('copied', ({ words }, i) => copiedShare(words, known[i].spans)),
    some('names', ({ sample }, i) => keptShare(namesOf(sample.response), known[i].wanted)),
    some('strangeNames', ({ sample }, i) => strangers(namesOf(sample.response), known[i].text)),
    some('truncated', ({ sample }) => Number(sample.truncated)),
  ];
}

/** The judges that say 0 or 1 and nothing between: lists of words. */
function wordLists(cases: readonly Case[]): string[] {
  const judged = cases.flatMap(({ before, after }) =>
    [...before, ...after].map(({ sample }) => sample.judges ?? {}),
  );
  const names = Object.keys(judged[0] ?? {});
  return names.filter((name) => judged.every(({ [name]: value }) => value === 0 || value === 1));
}

function knownOf({ dialogue, references }: Case): Known {
  const words = wordsOf(dialogue);
  const sources = references.length > 0 ? references : [dialogue];
  return {
    words: new Set(words),
    spans: new Set(ngramsOf(words, span)),
    wanted: new Set(sources.flatMap((text) => [...namesOf(text)])),
    text: [dialogue, ...references].join('\n').toLowerCase(),
  };
}

type Words = Pick<ReadonlySet<string>, 'has'>;

export function hasOne(words: readonly string[], set: Words): number {
  return Number(words.some((word) => set.has(word)));
}

/** How many of the words, each time they stand there, are in the set. */
export function inSet(words: readonly string[], set: Words): number {
  return words.filter((word) => set.has(word)).length;
}

/** Share of the words that are in a span of four or more that stands in the dialogue. */
function copiedShare(words: readonly string[], spans: ReadonlySet<string>): number {
  const copied = new Set<number>();
  ngramsOf(words, span).forEach((gram, start) => {
    if (spans.has(gram)) for (let i = 0; i < span; i++) copied.add(start + i);
  });
  return copied.size / Math.max(1, words.length);
}

function keptShare(names: ReadonlySet<string>, wanted: ReadonlySet<string>): number {
  return [...wanted].filter((one) => names.has(one)).length / Math.max(1, wanted.size);
}

function strangers(names: ReadonlySet<string>, text: string): number {
  return [...names].filter((one) => !text.includes(one.toLowerCase())).length;
}
