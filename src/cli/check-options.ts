import type { z } from 'zod';
import { didYouMean } from '../errors.ts';
import { list } from '../report/text.ts';
import { mismatch, valueAt } from '../settings/setting.ts';
import { UsageError } from './errors.ts';
import { type Flag, placeholderOf, withFlagNames } from './flags.ts';
import { commandNames, type WhereSaid } from './remedies.ts';
import type { Values } from './values.ts';

/**
 * Options checked by their schema.
 * @param where those were said that no flag did
 * @throws {UsageError} naming the flag of the first one that is wrong
 */
export function checkOptions<Schema extends z.ZodObject>(
  schema: Schema,
  flags: readonly Flag[],
  values: Readonly<Values>,
  where?: WhereSaid,
): z.infer<Schema> {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const { issues } = result.error;
  // what is wrong comes before what is missing, perhaps because of it
  const isGiven = ({ path }: z.core.$ZodIssue) => valueAt(values, path.map(String)) !== undefined;
  const issue = issues.find(isGiven) ?? issues[0];
  const text = issueText(issue, flags, values);
  const places = issue.code === 'custom' && where ? placesText(text, flags, where) : '';
  throw new UsageError(`${text} ${places}`.trimEnd());
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

/** Where settings were said that a message names as flags. */
function placesText(message: string, flags: readonly Flag[], where: WhereSaid): string {
  const named = new Set(message.match(/--[a-z-]+/g));
  const { of } = commandNames(flags, where);
  const places = flags.flatMap(({ name, path: [setting] }) => {
    const place = named.has(name) && where(setting) !== undefined && of(setting);
    return place ? [place] : [];
  });
  return places.length > 0 ? `Said by ${list(places)}.` : '';
}

/** `path` begins with `start`. */
function isBelow(path: readonly string[], start: readonly string[]): boolean {
  return start.every((key, i) => path[i] === key);
}
