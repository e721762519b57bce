/** Dialogues as lists of turns, and summaries as lists of texts, out of fields of any shape. Pure. */
import { InputError } from '../errors.ts';
import type { Note } from '../events.ts';
import { literal } from './python-literal.ts';
import { kind, type Row, requiredField, textField } from './table.ts';
import { joined, turnOf } from './turn.ts';
import { counted } from './words.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Fields that hold the turns, of an object that stands for a dialogue. */
const holders = ['messages', 'conversations', 'conversation', 'turns', 'dialogue', 'dialog'];

/** Counts the rows whose shapes were read as texts, to tell of them. */
export class Shapes {
  readonly #seen = new Map<string, { count: number; last: string }>();

  /** @param where of the row, which counts once */
  add(says: string, where: string): void {
    const { count, last } = this.#seen.get(says) ?? { count: 0, last: undefined };
    this.#seen.set(says, { count: last === where ? count : count + 1, last: where });
  }

  /** @param where the rows are */
  notes(where: string): Note[] {
    return [...this.#seen].map(([says, { count }]) => ({
      says: `${where}: ${counted(count, 'row')}: ${says}.`,
    }));
  }
}

/**
 * The text of a dialogue: as it is, or the turns of a list, or of what is written as one, as lines.
 * @throws {InputError} when it is absent, blank, or of another shape
 */
export function dialogueField(row: Row, name: string, shapes: Shapes): string {
  const value = fieldOf(row, name);
  const turns = listIn(value);
  const lines = turns && linesOf(turns);
  if (lines === undefined) {
    if (typeof value !== 'object' || value === null) return requiredField(row, name);
    const remedy =
      'Write turns as {"speaker": "A", "text": "Hello."}, {"role": …, "content": …} or {"from": …, "value": …}.';
    throw new InputError(row.where, `a text or turns in "${name}"`, shapeOf(value), remedy);
  }
  if (lines.text.trim() === '') {
    const remedy = `Write the ${name}, or remove the row.`;
    throw new InputError(row.where, `a text in "${name}"`, 'turns without words', remedy);
  }
  for (const says of lines.says) shapes.add(`the dialogue is ${says}${asText(value)}`, row.where);
  for (const says of lines.leftOut) shapes.add(says, row.where);
  return lines.text;
}

/**
 * The texts of a summary: one, none, or those of a list or of what is written as one.
 * @throws {InputError} when it is of another shape
 */
export function summaryField(row: Row, name: string, shapes: Shapes): string[] {
  const value = fieldOf(row, name);
  const list = (listIn(value) ?? []).filter((item) => item !== null);
  const isEmpty = Array.isArray(value) && list.length === 0;
  if (isEmpty || (typeof value === 'string' && /^\s*\[\s*\]\s*$/.test(value))) return [];
  const texts = list.filter((item) => typeof item === 'string');
  if (list.length > 0 && texts.length === list.length) {
    shapes.add(`"${name}" is a list of texts${asText(value)}; each is a reference`, row.where);
    return texts.filter((text) => text.trim() !== '');
  }
  const [turn] = list.length === 1 ? [turnOf(list[0])] : [];
  if (turn?.text !== undefined) {
    shapes.add(`"${name}" is one turn${asText(value)}, read by ${turn.by}`, row.where);
    return [turn.text];
  }
  if (typeof value === 'object' && value !== null) {
    const remedy = 'Write it as one text, or as a list of texts.';
    throw new InputError(row.where, `a text in "${name}"`, shapeOf(value), remedy);
  }
  const text = textField(row, name);
  return text === undefined ? [] : [text];
}

function fieldOf({ fields }: Row, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? ' (written as text)' : '';
}

/** The list that a value is, holds or is the text of. */
function listIn(value: unknown): readonly unknown[] | undefined {
  if (typeof value === 'string') return /^\s*[[{]/.test(value) ? listIn(literal(value)) : undefined;
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const lists = Object.entries(value).filter(([, field]) => Array.isArray(field));
  const holder = lists.find(([name, list]) => holders.includes(name) && list.every(isObject));
  return holder?.[1] ?? rowsOf(lists);
}

/** Turns whose fields are lists, each with an item of every turn: `{speaker: [...], text: [...]}`. */
function rowsOf(lists: readonly (readonly [string, readonly unknown[]])[]) {
  const [[, first] = []] = lists;
  if (lists.length < 2 || lists.some(([, list]) => list.length !== first?.length)) return undefined;
  return first?.map((_, i) => Object.fromEntries(lists.map(([name, list]) => [name, list[i]])));
}

interface Lines {
  readonly text: string;
  /** What the turns are. */
  readonly says: readonly string[];
  /** What was left out, in words. */
  readonly leftOut: readonly string[];
}

/** The lines of turns; undefined of a list of anything else. */
function linesOf(list: readonly unknown[]): Lines | undefined {
  if (list.length === 0) return undefined;
  const lines = (text: readonly string[], says: string, leftOut: string[] = []) => ({
    text: text.join('\n'),
    says: [says],
    leftOut,
  });
  if (list.every((item) => typeof item === 'string')) {
    return lines(list, 'a list of texts, joined as lines');
  }
  if (arePairs(list)) {
    return lines(list.map(joined), 'a list of pairs, joined as "speaker: text" lines');
  }
  const turns = list.map(turnOf);
  if (!turns.every((turn) => turn !== undefined)) return undefined;
  const told = [...new Set(turns.map(({ by }) => by))].slice(0, 3).join('; ');
  const silent = turns.some(({ lines }) => lines.length === 0);
  const partial = turns.some(({ isWhole }) => !isWhole);
  return lines(
    turns.flatMap((turn) => turn.lines),
    `a list of turns, joined as "speaker: text" lines by ${told}`,
    [
      ...(silent ? ['turns without words are left out of the dialogue'] : []),
      ...(partial ? ['parts of turns that are no text are left out of the dialogue'] : []),
    ],
  );
}

/** Speaker and text; where nobody speaks twice, it could as well be what is said and answered. */
function arePairs(list: readonly unknown[]): list is [string, string][] {
  const isPair = (item: unknown) =>
    Array.isArray(item) && item.length === 2 && item.every((part) => typeof part === 'string');
  if (!list.every(isPair)) return false;
  const speakers = list.map((pair) => String((pair as unknown[])[0]));
  return speakers.every((name) => name.length <= 40) && new Set(speakers).size < list.length;
}

function isObject(value: unknown): value is Fields {
  const isOne = typeof value === 'object' && value !== null;
  return isOne && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** What a value is, in words, with the names that are in it. */
function shapeOf(value: object): string {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) return 'an empty list';
  const names = isObject(list[0]) ? Object.keys(list[0]).slice(0, 6) : [];
  const told = names.map((name) => `"${name.slice(0, 40)}"`).join(', ');
  const one = kind(list[0]).slice(0, 60) + (told === '' ? '' : ` with ${told}`);
  return Array.isArray(value) ? `a list that begins with ${one}` : one;
}
