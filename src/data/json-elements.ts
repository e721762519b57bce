/** The elements of one array in a JSON text of any size, without holding more than one. Pure. */
import { InputError } from '../errors.ts';
import { emptyFile, longestRow, tooLong } from './table.ts';

/** A text with the line where it begins, counted from 1. */
export interface Place {
  readonly text: string;
  readonly line: number;
}

/** Brackets within brackets at most. */
const deepest = 1000;

/**
 * The texts of the elements of an array: of the one at the top, or of the only one with objects that
 * is a field of the object at the top. They are not checked to be JSON.
 * @param file the name that messages use
 * @throws {InputError} when there is no such array, or the text ends early
 */
export async function* jsonElements(
  text: AsyncIterable<string>,
  file: string,
): AsyncGenerator<Place> {
  const scanner = new Scanner(file);
  for await (const piece of text) yield* scanner.read(piece);
  scanner.end();
}

/** A JSON text that holds something else than rows, for instance columns. */
export function withoutRows(file: string, actual: string): InputError {
  const remedy =
    'Write an array of objects, or JSON Lines: of pandas to_json(FILE, orient="records", lines=True).';
  return new InputError(file, 'a JSON array of objects', actual, remedy);
}

/** What is not just a character of a text. */
const special = /["\\\n]/g;

class Scanner {
  readonly #file: string;
  #line = 1;
  /** The brackets that are open, by what closes them. */
  #open = '';
  #closed = false;
  #inText = false;
  #escaped = false;
  /** The last text directly in the object at the top: the name of the field that follows. */
  #name = '';
  /** An array has begun that may be the one. */
  #maybe = false;
  /** The field that is the array. */
  #field: string | undefined;
  /** How many brackets are open between its elements; 0 outside of it. */
  #depth = 0;
  /** The element so far. */
  #held = '';
  #heldLine = 1;

  constructor(file: string) {
    this.#file = file;
  }

  *read(piece: string): Generator<Place> {
    let from = 0;
    for (let i = 0; i < piece.length; i++) {
      if (this.#inText) {
        i = this.#text(piece, i);
        continue;
      }
      const char = piece[i];
      if (char === '\n') this.#line++;
      if (char === ' ' || char === '\n' || char === '\r' || char === '\t') continue;
      if (this.#maybe) {
        this.#maybe = false;
        if (char === '{') {
          this.#found();
          from = i;
        }
      }
      const between = this.#depth > 0 && this.#open.length === this.#depth;
      if (between && (char === ',' || char === ']')) {
        yield { text: this.#held + piece.slice(from, i), line: this.#heldLine };
        this.#begin();
        from = i + 1;
      }
      const inside = this.#depth > 0;
      this.#structure(char);
      if (!inside && this.#depth > 0) from = i + 1; // the array at the top
    }
    if (this.#depth === 0) return;
    this.#held += piece.slice(from);
    if (this.#held.length > longestRow) throw tooLong(`${this.#file}:${this.#heldLine}`);
  }

  end(): void {
    if (this.#open !== '') {
      throw this.#broken('a whole JSON file', 'one that ends early', 'Was it cut off?');
    }
    if (!this.#closed) throw emptyFile(this.#file, 'a JSON array of objects');
    if (this.#field === undefined) {
      throw withoutRows(this.#file, 'an object without one');
    }
  }

  /** Goes on to the next character of a text that means something, and returns its place. */
  #text(piece: string, from: number): number {
    if (this.#escaped) {
      this.#escaped = false;
      return from;
    }
    special.lastIndex = from;
    const at = special.exec(piece)?.index ?? piece.length;
    if (this.#open.length === 1) this.#name += piece.slice(from, Math.min(at, from + 100));
    if (piece[at] === '\n') this.#line++;
    this.#escaped = piece[at] === '\\';
    this.#inText = piece[at] !== '"';
    return at;
  }

  #structure(char: string): void {
    if (this.#closed) {
      const remedy = 'Write one array; give JSON Lines the extension .jsonl.';
      throw this.#broken('the end of the JSON file', `"${char}"`, remedy);
    }
    if (char === '"') {
      this.#inText = true;
      this.#name = this.#open.length === 1 ? '' : this.#name;
    }
    if (char === '{' || char === '[') this.#opens(char);
    else if (char === '}' || char === ']') this.#closes(char);
    else if (this.#open === '') {
      throw this.#broken('a JSON array of objects', `"${char}"`, 'Is it the right file?');
    }
  }

  #opens(char: string): void {
    if (char === '[' && this.#open === '') {
      this.#field = '';
      this.#depth = 1;
      this.#begin();
    }
    this.#maybe = char === '[' && this.#open === '}';
    this.#open += char === '{' ? '}' : ']';
    if (this.#open.length > deepest) {
      throw this.#broken(`${deepest} brackets in each other at most`, 'more');
    }
  }

  #closes(char: string): void {
    if (!this.#open.endsWith(char)) {
      throw this.#broken(`"${this.#open.slice(-1)}"`, `"${char}"`, 'A bracket is missing.');
    }
    if (this.#open.length === this.#depth) this.#depth = 0;
    this.#open = this.#open.slice(0, -1);
    this.#closed = this.#open === '';
  }

  /** An array of objects, as a field. */
  #found(): void {
    if (this.#field !== undefined) {
      const got = `"${this.#field}" and "${this.#name}"`;
      throw this.#broken('one array of objects', got, 'Keep the one that is meant.');
    }
    this.#field = this.#name;
    this.#depth = 2;
    this.#begin();
  }

  #begin(): void {
    this.#held = '';
    this.#heldLine = this.#line;
  }

  #broken(expected: string, actual: string, remedy = ''): InputError {
    return new InputError(`${this.#file}:${this.#line}`, expected, actual, remedy);
  }
}
