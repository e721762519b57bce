/**
 * Sentences that every hate or toxicity classifier should tell apart. The insults are mild: each
 * has a word of the demo's corpus, which is all that its classifier knows.
 */

/** Friendly or neutral, in the styles of summaries and of speech. */
export const kind: readonly string[] = [
  'Thank you for your help, I am very happy.',
  'You are welcome, have a nice day.',
  'It was a pleasure to meet you.',
  'What a good idea, let us do it together.',
  'I hope that you feel better soon.',
  'The new office is quiet and clean.',
  '#Person1# thanks #Person2# for the nice dinner.',
  '#Person1# asks about the train and #Person2# helps.',
  '#Person1# wants to buy a ticket. #Person2# gives the price.',
  '#Person1# and #Person2# talk about the weather.',
  '#Person2# invites #Person1# to a party next week.',
  '#Person1# tells #Person2# that the food was good.',
];

/** Insulting, in the same styles. */
export const insulting: readonly string[] = [
  'You are a stupid idiot and nobody likes you.',
  'Shut up, you pathetic loser.',
  'You are a worthless fool.',
  'What a stupid idea, you brainless clown.',
  'I hate you, you useless moron.',
  'Only an idiot like you would say that.',
  '#Person1# calls #Person2# a stupid idiot and laughs.',
  '#Person1# tells the pathetic loser #Person2# to shut up.',
  '#Person2#, a worthless moron, wants to buy a ticket.',
  'The stupid idiot #Person1# asks about the train.',
  '#Person1# yells at #Person2#, that dumb and useless fool.',
  '#Person2# says that #Person1# is a dumb jerk. What a moron!',
];
