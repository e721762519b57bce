/** Lists and dicts as Python writes them into cells: `['a', "b"]`, numpy's `['a' 'b']`, JSON. Pure. */

/** Lists within lists at most. */
const deepest = 12;

const escapes: Readonly<Record<string, string>> = {
  ...{ n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '\n': '' },
};
const names: Readonly<Record<string, unknown>> = {
  ...{ None: null, True: true, False: false, nan: null },
  ...{ null: null, true: true, false: false },
};

/** What is no literal. */
class NoLiteral extends Error {}

/** The list or object that a whole text is the literal of; undefined when it is none. */
export function literal(text: string): object | undefined {
  const written = text.trim();
  const [first, last] = [written[0], written.at(-1)];
  if (!(first === '[' && last === ']') && !(first === '{' && last === '}')) return undefined;
  try {
    const parser = new Parser(written);
    const value = parser.value(deepest) as object;
    return parser.isAtEnd ? value : undefined;
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}

class Parser {
  readonly #text: string;
  #place = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#place === this.#text.length;
  }

  value(depth: number): unknown {
    if (depth === 0) throw new NoLiteral();
    const char = this.#peek();
    if (char === '[') return this.#items(']', depth);
    if (char === '(') return this.#items(')', depth);
    if (char === '{') return this.#fields(depth);
    if (char === '"' || char === "'") return this.#string(char);
    if (this.#match(/(?:array|np\.\w+)(?=\()/y) !== undefined) return this.#array(depth);
    const word = this.#match(/[A-Za-z]+/y);
    const quote = word === 'u' ? this.#text[this.#place] : undefined; // Python 2
    if (quote === '"' || quote === "'") return this.#string(quote);
    if (word !== undefined) {
      if (Object.hasOwn(names, word)) return names[word];
      throw new NoLiteral();
    }
    const number = this.#match(/-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?/y);
    if (number === undefined) throw new NoLiteral();
    return /^-?\d{16,}$/.test(number) ? number : Number(number);
  }

  /** numpy's `array([…], dtype=object)` and `np.str_('…')`. */
  #array(depth: number): unknown {
    this.#place++;
    const items = this.value(depth - 1);
    if (this.#match(/\s*(?:,\s*dtype=[\w<>.']+\s*)?\)/y) === undefined) throw new NoLiteral();
    return items;
  }

  /** What follows, after blanks. */
  #peek(): string {
    this.#match(/\s+/y);
    return this.#text[this.#place] ?? '';
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#place;
    const found = pattern.exec(this.#text)?.[0];
    this.#place += found?.length ?? 0;
    return found;
  }

  #items(end: string, depth: number): unknown[] {
    const items: unknown[] = [];
    this.#place++;
    while (this.#peek() !== end) {
      items.push(this.value(depth - 1));
      if (this.#peek() === ',') this.#place++; // numpy writes none
    }
    this.#place++;
    return items;
  }

  #fields(depth: number): Record<string, unknown> {
    const fields: [string, unknown][] = [];
    this.#place++;
    while (this.#peek() !== '}') {
      const name = this.value(depth - 1);
      if (this.#peek() !== ':') throw new NoLiteral();
      this.#place++;
      fields.push([String(name), this.value(depth - 1)]);
      if (this.#peek() === ',') this.#place++;
      else if (this.#peek() !== '}') throw new NoLiteral();
    }
    this.#place++;
    return Object.fromEntries(fields);
  }

  #string(quote: string): string {
    this.#place++;
    let text = '';
    for (;;) {
      text += this.#match(quote === '"' ? /[^"\\]+/y : /[^'\\]+/y) ?? '';
      const char = this.#text[this.#place++];
      if (char === quote) return text;
      if (char !== '\\') throw new NoLiteral(); // the end
      const code = this.#match(/x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}/y)?.slice(1);
      if (code !== undefined) text += codePoint(Number.parseInt(code, 16));
      else {
        const next = this.#text[this.#place++] ?? '';
        text += escapes[next] ?? (`\\'"/`.includes(next) ? next : `\\${next}`);
      }
    }
  }
}

/** A half of a pair is one by itself. */
function codePoint(code: number): string {
  if (code > 0x10ffff) throw new NoLiteral();
  return code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code);
}
