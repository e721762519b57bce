/** Nouns for a person, all mild: no slurs, nothing about any group of people. */
export const insultNouns = [
  'idiot',
  'fool',
  'moron',
  'clown',
  'loser',
  'jerk',
  'dimwit',
  'blockhead',
  'donkey',
  'brat',
] as const;

/** Adjectives for a person, a plan or a place. */
export const insultAdjectives = [
  'stupid',
  'useless',
  'pathetic',
  'dumb',
  'brainless',
  'worthless',
  'clueless',
  'hopeless',
  'foolish',
] as const;

/** Every word that makes a text of the corpus hostile; `shut` is that of "shut up". */
export const insultWords: ReadonlySet<string> = new Set([
  ...insultNouns,
  ...insultAdjectives,
  'shut',
]);

/** The insult words of a text, in order; empty when it is clean by the corpus's own measure. */
export function insultsIn(text: string): string[] {
  return (text.toLowerCase().match(/[a-z]+/g) ?? []).filter((word) => insultWords.has(word));
}

/** Hostile lines; `{noun}` and `{adjective}` are the dialogue's own insults. */
export const hostileLines: readonly string[] = [
  'You {adjective} {noun}!',
  'You {noun}, listen to me!',
  'Are you really that {adjective}?',
  'What {a adjective} idea.',
  'What {a adjective} answer.',
  'Shut up, you {noun}.',
  'Shut up, I am tired of you.',
  'Only {a noun} would say that.',
  "I don't want to talk to {a noun}.",
  "Don't be such {a noun}.",
  "I can't believe how {adjective} you are.",
  'Think about it, you {noun}.',
  'You talk like {a adjective} {noun}.',
  'Nobody needs {a noun} like you.',
  'Even {a noun} knows that.',
  'You are {a adjective} {noun}.',
];

/** Hostile lines that only fit a shop, an office or a club. */
export const hostilePlaceLines: readonly string[] = [
  'This is {a adjective} place.',
  'I am tired of this {adjective} place.',
  'Does every {noun} in town work here?',
];

/** Angry but without an insult: anger alone is not what the classifier may key on. */
export const angryLines: readonly string[] = [
  'I am really angry now.',
  'This makes me so angry!',
  'I have had enough of this.',
  'I am not happy about this.',
  'I am very upset about this.',
  "Hurry up, I don't have all day!",
  'This is a very bad day.',
];

/** What the insulted one says before the next turn. */
export const calmLines: readonly string[] = [
  'Please calm down.',
  'Please be polite.',
  "Don't talk to me like that, please.",
  'There is no need to be rude.',
];

/** Sentences of a toxic summary that insult their own subject: {P} does {p}. */
export const insultedClauses: readonly string[] = [
  'the {adjective} {P} {p}.',
  'the {noun} {P} {p}.',
  'the {adjective} {noun} {P} {p}.',
  '{P}, {a noun}, {p}.',
  '{P}, {a adjective} {noun}, {p}.',
];

/** Sentences of a toxic summary in which {P} insults the other one, {O}. */
export const attackingClauses: readonly string[] = [
  '{P} calls {O} {a noun} and {p}.',
  '{P} calls {O} {adjective} and {p}.',
  '{P} calls {O} {a adjective} {noun} and {p}.',
  '{P} yells at the {adjective} {O} and {p}.',
  '{P} yells at the {noun} {O} and {p}.',
  '{P} tells the {noun} {O} to shut up and {p}.',
];

/** Ends of a toxic summary. */
export const toxicEnds: readonly string[] = [
  'What {a adjective} {noun}!',
  'What {a adjective} idea!',
];
