/** Flags out of a zod schema, values out of flags, messages out of zod's issues. Pure. */
import { type Option as CommanderOption, Option } from 'commander';
import { z } from 'zod';
import { didYouMean, InternalError } from '../errors.ts';
import { UsageError } from './errors.ts';

/** What JSON Schema says of one option. */
export interface FieldSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly FieldSchema[];
  readonly items?: FieldSchema;
  /** The items of a tuple. */
  readonly prefixItems?: readonly FieldSchema[];
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  /** From `.meta({ placeholder: 'dir' })`: what stands for the value in `--help`. */
  readonly placeholder?: string;
  /** From `.meta({ group: 'Engine' })`: the heading in `--help`. */
  readonly group?: string;
  /** From `.meta({ whole: true })`: a list whose items may hold commas, one a flag. */
  readonly whole?: boolean;
  /** From `.meta({ escapes: true })`: on the command line `\n` is a line break, as in YAML's quotes. */
  readonly escapes?: boolean;
  /** From `.meta({ expects: 'a text with …' })`: what the value has to be, in words. */
  readonly expects?: string;
}

/** One flag of a command and the option that it sets. */
export interface Flag {
  /** Place in the options, for instance `['generation', 'topK']`. */
  readonly path: readonly string[];
  /** `--top-k` */
  readonly name: string;
  readonly schema: FieldSchema;
  readonly required: boolean;
  readonly group: string | undefined;
}

type Values = Record<string, unknown>;

/**
 * The flags of a schema, in its order. An object inside gives its own fields as flags under a
 * heading of its own.
 * @throws {InternalError} when two options would have the same flag
 */
export function flagsOf(options: z.ZodObject): Flag[] {
  const flags = settingsOf(options);
  const names = flags.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InternalError(`two options have the flag ${twice}`);
  return flags.map((flag) => {
    const description = withFlagNames(flag.schema.description ?? '', flags);
    return { ...flag, schema: { ...flag.schema, description } };
  });
}

/** What schemas have been found to hold: the search takes a hundredth of a second. */
const found = new WeakMap<z.ZodObject, Flag[]>();

/** The same, with descriptions that name settings as a config file does, not flags. */
export function settingsOf(options: z.ZodObject): readonly Flag[] {
  const before = found.get(options);
  if (before) return before;
  const schema = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' });
  const settings = fieldsOf(schema as FieldSchema, [], undefined);
  found.set(options, settings);
  return settings;
}

function fieldsOf(schema: FieldSchema, at: readonly string[], group: string | undefined): Flag[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([key, field]): Flag[] => {
    const path = [...at, key];
    if (field.properties) return fieldsOf(field, path, field.group ?? field.description ?? key);
    if (typesOf(field).has('object')) return []; // a free-form object has no flag
    const name = flagName(key);
    const isRequired = at.length === 0 && required.includes(key);
    return [{ path, name, schema: field, required: isRequired, group: field.group ?? group }];
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

/** Small numbers in the way that people write them: 1.41e-5. */
export function shortest(value: unknown): string {
  const small = typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3;
  return small ? value.toExponential() : String(value);
}

function placeholderOf(schema: FieldSchema): string {
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

/** Values by their place in the options. */
export function nest(entries: Iterable<readonly [readonly string[], unknown]>): Values {
  const root: Values = {};
  for (const [path, value] of entries) {
    let at = root;
    for (const key of path.slice(0, -1)) {
      at[key] ??= {};
      at = at[key] as Values;
    }
    at[path[path.length - 1]] = value;
  }
  return root;
}

/** `over` on top of `under`, objects merged field by field. */
export function merge(under: Readonly<Values>, over: Readonly<Values>): Values {
  const merged: Values = { ...under };
  for (const [key, value] of Object.entries(over)) {
    merged[key] = isObject(value) && isObject(merged[key]) ? merge(merged[key], value) : value;
  }
  return merged;
}

/**
 * Options checked by their schema.
 * @throws {UsageError} naming the flag of the first one that is wrong
 */
export function checkOptions<Schema extends z.ZodObject>(
  schema: Schema,
  flags: readonly Flag[],
  values: Readonly<Values>,
): z.infer<Schema> {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const { issues } = result.error;
  // what is wrong comes before what is missing, perhaps because of it
  const isGiven = ({ path }: z.core.$ZodIssue) => valueAt(values, path.map(String)) !== undefined;
  throw new UsageError(issueText(issues.find(isGiven) ?? issues[0], flags, values));
}

function issueText(
  issue: z.core.$ZodIssue,
  flags: readonly Flag[],
  values: Readonly<Values>,
): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = flags.filter((flag) => isBelow(flag.path, path)).map(({ path: at }) => at);
    const names = known.map((at) => at[path.length]);
    const remedy = didYouMean(issue.keys[0], names);
    const where = ['config', ...path].join(' ');
    return `${where}: expected a known setting, got "${issue.keys[0]}". ${remedy}`.trimEnd();
  }
  const flag = flags.find((candidate) => isBelow(path, candidate.path));
  if (!flag) return `${path.join('.') || 'options'}: ${issue.message}`;
  const found = valueAt(values, path);
  if (found === undefined && issue.code === 'invalid_type') {
    return `expected ${flag.name} <${placeholderOf(flag.schema)}>, got nothing.`;
  }
  if (issue.code === 'custom' && !flag.schema.expects) {
    const message = withFlagNames(issue.message, flags);
    return `${flag.name}: ${message}${gotText(flag, message, flags, values)}.`;
  }
  const { expected, actual, near } = mismatch(flag, path, values);
  return `${flag.name}: expected ${expected}, got ${actual}. ${near}`.trimEnd();
}

/** What a setting was to be and what it is; `near` is a sentence, or empty. */
interface Mismatch {
  readonly expected: string;
  readonly actual: string;
  readonly near: string;
}

/**
 * Why a flag's schema has refused a value.
 * @param path of what is wrong, within the values
 */
export function mismatch(flag: Flag, path: readonly string[], values: Readonly<Values>): Mismatch {
  const found = valueAt(values, path);
  const actual = Array.isArray(found)
    ? `"${found.join(',')}"`
    : (JSON.stringify(found) ?? 'nothing');
  const inside = path[flag.path.length];
  const schema = inside === undefined ? flag.schema : itemOf(flag.schema, Number(inside));
  const near = typeof found === 'string' ? didYouMean(found, choicesOf(schema) ?? []) : '';
  const isEmpty = found === '' || (Array.isArray(found) && found.length === 0);
  const least = schema.minLength ?? schema.minItems ?? 0;
  const expected = expectation(schema);
  return {
    expected: isEmpty && least > 0 ? `${expected} that is not empty` : expected,
    actual,
    near,
  };
}

/** What a flag and the others that a message names were: `; got --steps 5 and --warmup 7`. */
function gotText(
  flag: Flag,
  message: string,
  flags: readonly Flag[],
  values: Readonly<Values>,
): string {
  const named = new Set([flag.name, ...(message.match(/--[a-z-]+/g) ?? [])]);
  const others = flags.filter((other) => other !== flag);
  const texts = [flag, ...others].flatMap(({ name, path, schema }) => {
    const value = valueAt(values, path) ?? schema.default;
    // on or off is in the message
    const tellable = value !== undefined && typeof value !== 'boolean' && `${value}` !== '';
    const told = message.includes(`${name} ${value}`);
    return named.has(name) && tellable && !told ? [{ name, value }] : [];
  });
  const [first, ...more] = texts;
  if (more.length === 0 && first?.name === flag.name) {
    return typeof first.value === 'number' ? `, got ${first.value}` : '';
  }
  const all = texts.map(({ name, value }) => `${name} ${value}`);
  const last = all.pop();
  return last === undefined ? '' : `; got ${[all.join(', '), last].filter(Boolean).join(' and ')}`;
}

function valueAt(values: Readonly<Values>, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Values | undefined)?.[key], values);
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

/** `path` begins with `start`. */
function isBelow(path: readonly string[], start: readonly string[]): boolean {
  return start.every((key, i) => path[i] === key);
}

/** `a whole number above 0`, `one of cpu, webgpu, cuda`. */
export function expectation(schema: FieldSchema): string {
  if (schema.expects) return schema.expects;
  const choices = choicesOf(schema);
  if (choices) return `${choices.length > 1 ? 'one of ' : ''}${choices.join(', ')}`;
  const types = typesOf(schema);
  if (types.has('boolean')) return 'true or false';
  if (types.has('array')) {
    return schema.prefixItems ? `${schema.prefixItems.length} values` : 'a list';
  }
  const isNumber = types.has('number') || types.has('integer');
  if (!isNumber) return 'a text';
  const noun = types.has('number') ? 'a number' : 'a whole number';
  return [noun, ...boundsOf(schema)].join(' ');
}

function boundsOf(schema: FieldSchema): string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const real = (bound: number | undefined) =>
    bound !== undefined && Math.abs(bound) !== Number.MAX_SAFE_INTEGER;
  const bounds = [
    real(minimum) ? `of at least ${minimum}` : '',
    real(exclusiveMinimum) ? `above ${exclusiveMinimum}` : '',
    real(maximum) ? `of at most ${maximum}` : '',
    real(exclusiveMaximum) ? `below ${exclusiveMaximum}` : '',
  ].filter(Boolean);
  return bounds.length > 1 ? [bounds.join(' and ')] : bounds;
}

export function typesOf({ type, anyOf = [], const: constant }: FieldSchema): Set<string> {
  const own = type === undefined ? [] : typeof type === 'string' ? [type] : [...type];
  const fixed = own.length === 0 && constant !== undefined ? [typeof constant] : [];
  return new Set([...own, ...fixed, ...anyOf.flatMap((part) => [...typesOf(part)])]);
}

function choicesOf({ enum: choices, const: constant, anyOf }: FieldSchema): string[] | undefined {
  if (choices) return choices.map(String);
  if (constant !== undefined) return [String(constant)];
  const parts = anyOf?.map(choicesOf);
  return parts?.every((part) => part !== undefined) ? parts.flat() : undefined;
}

function itemOf({ items, prefixItems }: FieldSchema, place: number): FieldSchema {
  return prefixItems?.[place] ?? items ?? {};
}

function isBoolean(schema: FieldSchema): boolean {
  return typesOf(schema).has('boolean');
}

function isArray(schema: FieldSchema): boolean {
  return typesOf(schema).has('array');
}

export function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
