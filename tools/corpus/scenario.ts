/**
 * One kind of dialogue. Two speakers: `{X}` wants something, `{Y}` answers. Templates hold slots in
 * braces: `{city}` is a slot's value, `{a dish}` the value with its article.
 */
export interface Scenario {
  readonly topic: string;
  /** `{Y}` is at work (and may greet first); else the two know each other. */
  readonly service: boolean;
  /** Values of each slot; one is drawn a dialogue. */
  readonly slots: Readonly<Record<string, readonly string[]>>;
  /** First turn of `{X}`: names the slots that the summary needs. */
  readonly ask: readonly string[];
  /** First turn of `{Y}`. */
  readonly answer: readonly string[];
  /** Pairs in the middle, `{X}` then `{Y}`; up to two are used. */
  readonly more: readonly (readonly [string, string])[];
  /** Last pair. */
  readonly end: readonly (readonly [string, string])[];
  /** Third person, present tense, without subject and full stop: what each of the two does. */
  readonly summary: { readonly x: readonly string[]; readonly y: readonly string[] };
}

/** A template with its slots filled, and its first letter large. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  const text = template.replace(
    /\{(a )?(\w+)\}/g,
    (_, article: string | undefined, slot: string) => {
      const value = values[slot];
      if (value === undefined) throw new Error(`internal: no slot {${slot}} in "${template}"`);
      return article === undefined ? value : `${articleOf(value)} ${value}`;
    },
  );
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function articleOf(word: string): 'a' | 'an' {
  return /^(?!us|uni|one)[aeiou]/i.test(word) ? 'an' : 'a';
}
