/** Flags out of a zod schema, values out of flags. Pure. */
import { type Option as CommanderOption, Option } from 'commander';
import type { z } from 'zod';
import { InternalError } from '../errors.ts';
import {
  choicesOf,
  type FieldSchema,
  isArray,
  isBoolean,
  itemOf,
  shortest,
  typesOf,
} from '../settings/fields.ts';
import { type Setting, settingsOf } from '../settings/setting.ts';
import { UsageError } from './errors.ts';

/** One flag of a command and the option that it sets. */
export interface Flag extends Setting {
  /** `--top-k` */
  readonly name: string;
}

/**
 * The flags of a schema, in its order. An object inside gives its own fields as flags under a
 * heading of its own.
 * @throws {InternalError} when two options would have the same flag
 */
export function flagsOf(options: z.ZodObject): Flag[] {
  const flags = settingsOf(options).map((setting) => {
    return { ...setting, name: flagName(setting.path[setting.path.length - 1]) };
  });
  const names = flags.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InternalError(`two options have the flag ${twice}`);
  return flags.map((flag) => {
    const description = withFlagNames(flag.schema.description ?? '', flags);
    return { ...flag, schema: { ...flag.schema, description } };
  });
}

/** `--top-k` of `topK`. */
export function flagName(key: string): string {
  const kebab = key.replace(/[A-Z]+/g, (letters) => `-${letters.toLowerCase()}`);
  return `--${kebab.replace(/^-/, '')}`;
}

/** Commander's options for a flag, the one that `--help` shows first, and how it shows it. */
export function commanderOptions(flag: Flag): { options: CommanderOption[]; term: string } {
  const { name, schema, group } = flag;
  const heading = (option: CommanderOption) => (group ? option.helpGroup(`${group}:`) : option);
  if (isBoolean(schema)) {
    const negative = `--no-${name.slice(2)}`;
    const options = [heading(new Option(name, helpOf(flag))), new Option(negative).hideHelp()];
    return { options, term: schema.default === true ? `--[no-]${name.slice(2)}` : name };
  }
  const term = `${name} <${placeholderOf(schema)}>${schema.whole ? '…' : ''}`;
  const option = heading(new Option(`${name} <value>`, helpOf(flag)));
  if (isArray(schema)) {
    const parts = (text: string) => (text === '' ? [] : text.split(',').map((part) => part.trim()));
    const split = schema.whole ? (text: string) => [text] : parts;
    option.argParser((text: string, before: string[] | undefined) => [
      ...(before ?? []),
      ...split(text),
    ]);
  }
  return { options: [option], term };
}

function helpOf({ schema, required }: Flag): string {
  const { description = '', default: fallback } = schema;
  const note = required ? 'required' : defaultText(schema, fallback);
  return note === '' ? description : `${description} [${note}]`.trimStart();
}

function defaultText(schema: FieldSchema, value: unknown): string {
  if (value === undefined || value === null || value === '') return '';
  if (isBoolean(schema)) return value ? 'default: on' : '';
  if (Array.isArray(value)) return value.length > 0 ? `default: ${value.join(',')}` : '';
  return `default: ${shortest(value).replaceAll('\n', '\\n')}`;
}

/** What stands for a value in `--help`. */
export function placeholderOf(schema: FieldSchema): string {
  if (schema.placeholder) return schema.placeholder;
  const choices = choicesOf(schema);
  if (choices) return choices.join('|');
  if (isArray(schema)) return `${itemOf(schema, 0).placeholder ?? 'a'},…`;
  const types = typesOf(schema);
  if (types.has('string')) return 'text';
  return types.has('integer') && !types.has('number') ? 'n' : 'x';
}

/**
 * A flag's raw text as the value that the schema expects, where it is one; the text itself where
 * it is not, for the schema to complain about.
 */
export function parseValue({ name, schema }: Flag, raw: unknown): unknown {
  if (Array.isArray(raw)) return raw.map((text, i) => parseText(name, itemOf(schema, i), text));
  return typeof raw === 'string' ? parseText(name, schema, raw) : raw;
}

function parseText(name: string, schema: FieldSchema, text: string): unknown {
  // `--model --greedy`: the value was forgotten
  if (/^--[a-z]/.test(text))
    throw new UsageError(`${name}: expected a value, got the flag ${text}.`);
  if (schema.escapes) return unescaped(text);
  const types = typesOf(schema);
  const numeric = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
  if (numeric && (types.has('number') || types.has('integer'))) return Number(text);
  return types.has('null') && text === 'none' ? null : text;
}

/** A text with what `\n`, `\t` and `\\` stand for. */
export function unescaped(text: string): string {
  const meant: Readonly<Record<string, string>> = { n: '\n', t: '\t', '\\': '\\' };
  return text.replace(/\\([nt\\])/g, (_, letter) => meant[letter]);
}

/**
 * A text about options, with the flags in place of their names: `batchSize`, and in backquotes also
 * those that are English words, like `steps`.
 */
export function withFlagNames(text: string, flags: readonly Flag[]): string {
  const names = new Map(flags.map(({ path, name }) => [path[path.length - 1], name]));
  return text
    .replace(/`([A-Za-z]+)`/g, (quoted, word) => names.get(word) ?? quoted)
    .replace(/[a-z]+[A-Z][A-Za-z]*/g, (word) => names.get(word) ?? word);
}
