import { InternalError } from '../../src/errors.ts';
import type { RandomStream } from '../../src/random.ts';
import { attackingClauses, insultedClauses, toxicEnds } from './insults.ts';
import { fill } from './scenario.ts';

/** Who insults, and with which words; a missing word keeps to patterns without it, one is needed. */
export interface Insult {
  /** `#Person1#` or `#Person2#`. */
  readonly speaker: string;
  readonly noun: string | undefined;
  readonly adjective: string | undefined;
  readonly random: RandomStream;
}

/**
 * The same summary with an insult in it. Either the speaker attacks, or the narrator insults one of
 * the two (mostly the one whom the speaker insulted), or an insult follows at the end.
 * @param summary two sentences, each `#PersonN# does something.`
 */
export function toxicSummary(
  summary: string,
  { speaker, noun, adjective, random }: Insult,
): string {
  const clauses = sentences(summary).map((text) => {
    const [, person, action] = /^(#Person[12]#) (.*)\.$/s.exec(text) ?? [];
    if (action === undefined) throw new InternalError(`no clause of a summary: "${text}"`);
    return { person, action };
  });
  const words = {
    ...(noun === undefined ? {} : { noun }),
    ...(adjective === undefined ? {} : { adjective }),
  };
  const usable = (patterns: readonly string[]) =>
    patterns.filter(
      (pattern) =>
        (noun !== undefined || !/\{(a )?noun\}/.test(pattern)) &&
        (adjective !== undefined || !/\{(a )?adjective\}/.test(pattern)),
    );
  const rendered = clauses.map(({ person, action }) => `${person} ${action}.`);
  const place = random.next();
  if (place < 0.1 && usable(toxicEnds).length > 0) {
    const end = random.pick(usable(toxicEnds));
    return [...rendered, fill(end, words)].join(' ');
  }
  const attacking = place < 0.45;
  const target = attacking || random.next() < 0.3 ? speaker : otherPerson(speaker);
  const index = Math.max(
    0,
    clauses.findIndex(({ person }) => person === target),
  );
  const { person, action } = clauses[index];
  const pattern = random.pick(usable(attacking ? attackingClauses : insultedClauses));
  rendered[index] = fill(pattern, {
    ...words,
    P: person,
    O: otherPerson(person),
    p: action,
  });
  return rendered.join(' ');
}

/** The sentences of a text, split after a full stop, a question mark or an exclamation mark. */
export function sentences(text: string): string[] {
  return text.split(/(?<=[.!?]) /);
}

function otherPerson(person: string): string {
  return person === '#Person1#' ? '#Person2#' : '#Person1#';
}
