/**
 * Python regular expressions over module names, as adapter configs have them. A match takes time in
 * proportion to the name and the expression, whatever they are: no state is gone through twice for a
 * character. Pure.
 */
import { InputError } from '../errors.ts';

/** One step of a compiled expression: read a character, go on in two places, or test the border. */
type Step =
  | { readonly kind: 'read'; readonly accepts: (character: string) => boolean }
  /** Where to go on, counted from here. */
  | { readonly kind: 'fork'; readonly by: readonly number[] }
  | { readonly kind: 'start' | 'end' };

/** The steps of a part of an expression. */
type Piece = readonly Step[];

const [longest, mostSteps] = [1000, 5000];

/** What is left of the work that matches may do in all, in states gone through. */
export interface Effort {
  left: number;
}

const classes: Readonly<Record<string, RegExp>> = {
  d: /\d/,
  D: /\D/,
  w: /\w/,
  W: /\W/,
  s: /\s/,
  S: /\S/,
};

/**
 * Compiles an expression; the result tells whether a name begins with a match, as `re.match` does.
 * @param where what the expression belongs to, for messages
 * @throws {InputError} for what is not supported: look-around, back references, flags; and, when it
 *   is matched, once the effort is spent
 */
export function compilePattern(
  pattern: string,
  where: string,
  effort: Effort,
): (name: string) => boolean {
  const refuse = (what: string) =>
    new InputError(`${where}: ${JSON.stringify(pattern.slice(0, 100))}`, 'a plain pattern', what);
  if (pattern.length > longest) throw refuse(`one of ${pattern.length} characters`);
  const steps = new Reader(pattern, refuse).all();
  return (name) => {
    if (effort.left < 0) throw refuse('one that takes too long to match');
    return matches(steps, name, effort);
  };
}

function matches(steps: readonly Step[], name: string, effort: Effort): boolean {
  let current = reached(steps, [0], name, 0);
  for (let i = 0; current.size > 0; i++) {
    if (current.has(steps.length)) return true;
    effort.left -= current.size;
    const next: number[] = [];
    for (const at of current) {
      const step = steps[at];
      if (step.kind === 'read' && i < name.length && step.accepts(name[i])) next.push(at + 1);
    }
    current = reached(steps, next, name, i + 1);
  }
  return false;
}

/** All positions that are come to without reading; the end of the steps is a match. */
function reached(
  steps: readonly Step[],
  from: readonly number[],
  name: string,
  i: number,
): Set<number> {
  const found = new Set<number>();
  const open = [...from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    const step = steps[at];
    if (step?.kind === 'fork') open.push(...step.by.map((by) => at + by));
    if (step?.kind === 'start' && i === 0) open.push(at + 1);
    if (step?.kind === 'end' && i === name.length) open.push(at + 1);
  }
  return found;
}

/** Reads an expression from left to right. */
class Reader {
  readonly #text: string;
  readonly #refuse: (what: string) => InputError;
  #at = 0;
  #depth = 0;

  constructor(text: string, refuse: (what: string) => InputError) {
    this.#text = text;
    this.#refuse = refuse;
  }

  all(): Piece {
    const piece = this.#alternatives();
    if (this.#at < this.#text.length) throw this.#refuse('a bracket too many');
    return piece;
  }

  #alternatives(): Piece {
    if (++this.#depth > 50) throw this.#refuse('brackets in more than 50 brackets');
    const branches = [this.#sequence()];
    while (this.#takes('|')) branches.push(this.#sequence());
    this.#depth--;
    return this.#limited(branches.reduceRight((rest, branch) => either(branch, rest)));
  }

  #sequence(): Piece {
    const pieces: Piece[] = [];
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at])) {
      pieces.push(this.#repeated(this.#atom()));
    }
    return this.#limited(pieces.flat());
  }

  #repeated(piece: Piece): Piece {
    const [fewest, most] = this.#count();
    if (fewest === 1 && most === 1) return piece;
    this.#takes('?'); // lazy or not, the same names match
    if ('*+?{'.includes(this.#text[this.#at] ?? ' ')) throw this.#refuse('a count of a count');
    const options = most === Infinity ? 1 : most - fewest;
    if ((fewest + options) * piece.length > mostSteps) throw this.#refuse('one too large');
    const option = most === Infinity ? anyNumberOf(piece) : either(piece, []);
    const rest = Array.from({ length: options }, () => option);
    return this.#limited([...Array.from({ length: fewest }, () => piece), ...rest].flat());
  }

  #count(): [fewest: number, most: number] {
    if (this.#takes('*')) return [0, Infinity];
    if (this.#takes('+')) return [1, Infinity];
    if (this.#takes('?')) return [0, 1];
    const [whole, from, comma, to] =
      /^\{(\d{1,3})(,?)(\d{0,3})\}/.exec(this.#text.slice(this.#at, this.#at + 10)) ?? [];
    if (whole === undefined) return [1, 1];
    this.#at += whole.length;
    const most = to ? Number(to) : comma ? Infinity : Number(from);
    if (most < Number(from)) throw this.#refuse(`the count ${whole}`);
    return [Number(from), most];
  }

  #atom(): Piece {
    const character = this.#text[this.#at++];
    if (character === '^') return [{ kind: 'start' }];
    if (character === '$') return [{ kind: 'end' }];
    if (character === '.') return reads((other) => other !== '\n');
    if (character === '[') return reads(this.#set());
    if (character === '\\') return reads(this.#escaped());
    if ('*+?{'.includes(character)) throw this.#refuse(`${character} after nothing`);
    if (character !== '(') return reads((other) => other === character);
    if (this.#takes('?') && !this.#takes(':')) throw this.#refuse('a group with (?');
    const piece = this.#alternatives();
    if (!this.#takes(')')) throw this.#refuse('a bracket that does not end');
    return piece;
  }

  #escaped(): (character: string) => boolean {
    const character = this.#text[this.#at++] ?? '';
    const known = classes[character];
    if (known) return (other) => known.test(other);
    if (/^[^A-Za-z0-9]$/.test(character)) return (other) => other === character;
    throw this.#refuse(`\\${character}`);
  }

  #set(): (character: string) => boolean {
    const negated = this.#takes('^');
    const members: ((character: string) => boolean)[] = [];
    for (let first = true; first || this.#text[this.#at] !== ']'; first = false) {
      if (this.#at >= this.#text.length) throw this.#refuse('a set that does not end');
      const low = this.#text[this.#at++];
      if (low === '\\') {
        members.push(this.#escaped());
        continue;
      }
      const [, high] = /^-([^\]\\])/.exec(this.#text.slice(this.#at, this.#at + 2)) ?? [];
      if (high !== undefined) this.#at += 2;
      members.push((other) => other >= low && other <= (high ?? low));
    }
    this.#at++;
    return (character) => members.some((accepts) => accepts(character)) !== negated;
  }

  #takes(character: string): boolean {
    const found = this.#text[this.#at] === character;
    if (found) this.#at++;
    return found;
  }

  /** The piece, unless it has become too large. */
  #limited(piece: Piece): Piece {
    if (piece.length > mostSteps) throw this.#refuse('one too large');
    return piece;
  }
}

function reads(accepts: (character: string) => boolean): Piece {
  return [{ kind: 'read', accepts }];
}

function either(one: Piece, other: Piece): Piece {
  const leave: Step = { kind: 'fork', by: [other.length + 1] };
  return [{ kind: 'fork', by: [1, one.length + 2] }, ...one, leave, ...other];
}

function anyNumberOf(piece: Piece): Piece {
  const again: Step = { kind: 'fork', by: [-piece.length - 1] };
  return [{ kind: 'fork', by: [1, piece.length + 2] }, ...piece, again];
}
