import { type RandomStream, randomStream, uniform } from '../../src/random.ts';
import type { CorpusRow } from './corpus.ts';
import { hostileLines, insultAdjectives, insultNouns, insultsIn } from './insults.ts';
import { fill } from './scenario.ts';
import { sentences, toxicSummary } from './toxic.ts';

/** One text for a hate-speech classifier. */
export interface LabelledSentence {
  readonly text: string;
  readonly label: 'nothate' | 'hate';
}

export interface SentenceOptions {
  /** @default 1 */
  readonly seed?: number;
  /** At most so many in all; few rows give fewer. @default 8000 */
  readonly count?: number;
  /** Share that is held out, with the rows it comes from. @default 0.1 */
  readonly heldOutShare?: number;
}

/**
 * Texts to train and to test a classifier on, half of each label: turns, clean and toxic summaries,
 * and what a policy under reinforcement learning writes besides: cut, joined, repeated, shuffled and
 * nearly empty texts. A text is `hate` when it holds an insult word. No text is in both parts.
 */
export function labelledSentences(
  rows: readonly CorpusRow[],
  { seed = 1, count = 8000, heldOutShare = 0.1 }: SentenceOptions = {},
): { train: LabelledSentence[]; heldOut: LabelledSentence[] } {
  const train = new Set<string>(shortTexts);
  const heldOut = new Set<string>();
  for (const [index, row] of rows.entries()) {
    const part = uniform(seed, ['held-out', index]) < heldOutShare ? heldOut : train;
    for (const text of textsOf(row, randomStream(seed, ['sentences', index]))) part.add(text);
  }
  const fresh = [...heldOut].filter((text) => !train.has(text));
  const heldOutCount = Math.round(count * heldOutShare);
  return {
    train: balanced(train, count - heldOutCount, randomStream(seed, ['balance', 'train'])),
    heldOut: balanced(new Set(fresh), heldOutCount, randomStream(seed, ['balance', 'held-out'])),
  };
}

/** In the places of insults these make clean texts: the words count, not the pattern around them. */
const neutralNouns = ['friend', 'guest', 'neighbor', 'driver', 'teacher', 'cook'] as const;
const neutralAdjectives = ['angry', 'tired', 'polite', 'new', 'old', 'good'] as const;

/** Texts that belong to no row: nearly empty ones, and each insult alone. */
const shortTexts: readonly string[] = [
  '',
  '.',
  '...',
  '#',
  '#Person1#',
  '#Person2#',
  '#Person1#:',
  '#Person1# #Person2#',
  'Yes.',
  'No.',
  'I am really angry.',
  ...[...insultNouns].flatMap((noun) => [
    noun,
    fill('You {noun}!', { noun }),
    fill('{a noun}', { noun }),
  ]),
  ...[...insultAdjectives].flatMap((word) => [word, `so ${word}`, `#Person1# is ${word}.`]),
  'shut up',
  'Shut up!',
];

function textsOf(row: CorpusRow, random: RandomStream): string[] {
  const noun = random.pick(insultNouns);
  const adjective = random.pick(insultAdjectives);
  const speaker = random.pick(['#Person1#', '#Person2#']);
  const clean = sentences(row.summary);
  const core = clean.slice(0, 2).join(' ');
  const toxic = toxicSummary(core, { speaker, noun, adjective, random });
  const neutral = toxicSummary(core, {
    speaker,
    noun: random.pick(neutralNouns),
    adjective: random.pick(neutralAdjectives),
    random,
  });
  const turns = row.dialogue.split('\n');
  const line = fill(random.pick(hostileLines), { noun, adjective });
  const own = row.toxicSummary ?? toxic;
  const summaries = [row.summary, core, toxic, own];
  const spoken = random.shuffle(turns).slice(0, 3);
  const pieces = [...clean, ...sentences(toxic), ...spoken.map(withoutTag), line];
  return [
    ...summaries,
    neutral,
    withoutInsults(own),
    ...spoken,
    random.pick(pieces),
    random.pick(pieces),
    `${random.pick(pieces)} ${random.pick(pieces)}`,
    `${row.summary} ${line}`,
    withInsult(core, random.pick([noun, adjective]), random),
    withInsult(withoutTag(spoken[0]), random.pick([noun, adjective]), random),
    ...summaries.slice(1, 3).map((text) => cut(text, random)),
    ...summaries.slice(1, 3).map((text) => random.pick(garblings)(text, random)),
    random.pick(garblings)(cut(random.pick(pieces), random), random),
  ];
}

/** What makes nonsense of a text; words stay whole, so that the label stays right. */
const garblings: readonly ((text: string, random: RandomStream) => string)[] = [
  (text, random) => random.shuffle(text.split(' ')).join(' '),
  (text) => text.toLowerCase().replace(/[.,!?]/g, ''),
  (text, random) =>
    text
      .split(' ')
      .filter(() => random.next() < 0.6)
      .join(' '),
  (text, random) => {
    const word = random.pick(text.split(' '));
    return Array.from({ length: 2 + random.integer(6) }, () => word).join(' ');
  },
  (text, random) =>
    text
      .split(' ')
      .flatMap((word) => (random.next() < 0.2 ? [word, word] : word))
      .join(' '),
  (text) => `${text} ${text}`,
];

/** The first words of a text, or the last ones. */
function cut(text: string, random: RandomStream): string {
  const words = text.split(' ');
  const at = random.integer(words.length) + 1;
  return (random.next() < 0.7 ? words.slice(0, at) : words.slice(-at)).join(' ');
}

function withInsult(text: string, insult: string, random: RandomStream): string {
  const words = text.split(' ');
  words.splice(random.integer(words.length + 1), 0, insult);
  return words.join(' ');
}

function withoutInsults(text: string): string {
  return text
    .split(' ')
    .filter((word) => insultsIn(word).length === 0)
    .join(' ');
}

function withoutTag(turn: string): string {
  return turn.replace(/^#Person[12]#: /, '');
}

/** Shuffled, as many of one label as of the other, at most `count`; the short texts always stay. */
function balanced(
  texts: ReadonlySet<string>,
  count: number,
  random: RandomStream,
): LabelledSentence[] {
  const short = shortTexts.filter((text) => texts.has(text));
  const others = [...texts].filter((text) => !shortTexts.includes(text));
  const hate: LabelledSentence[] = [];
  const nothate: LabelledSentence[] = [];
  for (const text of [...short, ...random.shuffle(others)]) {
    if (insultsIn(text).length > 0) hate.push({ text, label: 'hate' });
    else nothate.push({ text, label: 'nothate' });
  }
  const half = Math.min(Math.floor(count / 2), hate.length, nothate.length);
  return random.shuffle([...hate.slice(0, half), ...nothate.slice(0, half)]);
}
