/** Turns the settings that a text names in backticks into what the command at hand takes. Pure. */

import { quoted } from '../disk/shell.ts';
import { isOfDisk } from '../disk/words.ts';
import { TactfulError } from '../errors.ts';
import type { Note } from '../events.ts';
import type { Flag } from './flags.ts';

/** What settings are called where a text is shown. */
export interface Names {
  /** Undefined when there is no such setting. */
  of(setting: string): string | undefined;
  /** What has to be known beside a remedy that names one like this. @default nothing */
  hint?(setting: string): string | undefined;
}

/** Where a setting was said, if not by a flag: `mine.yaml:3 steps`, `--set steps`. */
export type WhereSaid = (setting: string) => string | undefined;

/** A command's flags; what a config file or `--set` says is changed there. */
export function commandNames(flags: readonly Flag[], where: WhereSaid = () => undefined): Names {
  const names = new Map(flags.map(({ path, name }) => [path[path.length - 1], name]));
  return {
    of(setting) {
      const name = names.get(setting);
      const place = name && where(setting);
      return place ? inFile(place) : name;
    },
  };
}

/** `mine.yaml:3 steps` as part of a sentence: `steps (mine.yaml:3)`, in backticks. */
function inFile(place: string): string {
  const [, file, name] = /^(.*:\d+) (\S+)$/.exec(place) ?? [];
  return name === undefined ? place : `\`${name}\` (${file})`;
}

/**
 * Of a job that goes on: its settings stay as they are, but for some that its file may say anew.
 * @param job the command
 * @param file with its settings
 */
export function resumedNames(
  flags: readonly Flag[],
  { job, file, free }: { job: string; file: string; free: readonly string[] },
): Names {
  const { of } = commandNames(flags);
  const again = `npx tactful ${job} --config ${quoted(file)}`;
  return {
    of(setting) {
      if (setting === 'output') return undefined; // it lies where it lies
      return of(setting) && free.includes(setting) ? `\`${setting}\` in ${file}` : of(setting);
    },
    hint: (setting) =>
      free.includes(setting)
        ? undefined
        : `What goes on keeps its settings; to begin anew with others: ${again}`,
  };
}

/** A text with settings under their names; what is no setting here stays as it is. */
export function named(text: string, names: Names): string {
  return text.replace(quotedWord, (whole, word) => names.of(word) ?? whole);
}

/** The same of a remedy, without the sentences that name a setting which is none here. */
export function namedRemedy(remedy: string, names: Names): string {
  const sentences = remedy.split(/(?<=[.?!])\s+(?=[A-Z])/);
  const kept = sentences.filter((one) => settingsIn(one).every((word) => names.of(word)));
  const hints = settingsIn(kept.join(' ')).map((word) => names.hint?.(word) ?? '');
  const told = kept.map((one) => named(one, names));
  return [...told, ...new Set(hints)].filter(Boolean).join(' ');
}

/** What a note says, and what can be done about it here. */
export function noteText({ says, remedy = '' }: Note, names: Names): string {
  return `${named(says, names)} ${namedRemedy(remedy, names)}`.trimEnd();
}

/** An error whose message names what the command at hand takes. */
export function renamed(error: unknown, names: Names): unknown {
  if (!(error instanceof TactfulError)) return error;
  const { message, remedy } = error;
  const at = remedy === '' ? message.length : message.lastIndexOf(remedy);
  if (at < 0)
    error.message = named(message, names); // it has been told in other words meanwhile
  else {
    const [before, after] = [message.slice(0, at), message.slice(at + remedy.length)];
    const parts = [named(before, names), namedRemedy(remedy, names), named(after, names)];
    error.message = parts
      .map((part) => part.trim())
      .join(' ')
      .replace(/ {2,}/g, ' ')
      .trim();
  }
  return error;
}

/** An error; of a disk that is full or not ours, with how to go on afterwards. */
export function thenGoOn(error: unknown, folder: string): unknown {
  if (isOfDisk(error)) {
    (error as Error).message += ` Then go on: npx tactful resume ${quoted(folder)}`;
  }
  return error;
}

/** Does work whose errors name settings in a way of their own. */
export async function withNames(names: Names, work: () => Promise<void>): Promise<void> {
  await work().catch((error) => {
    throw renamed(error, names);
  });
}

const quotedWord = /`([a-z][A-Za-z0-9]*)`/g;

function settingsIn(text: string): string[] {
  return [...text.matchAll(quotedWord)].map(([, word]) => word);
}
