/** A command as a plain object: its options are a zod schema, its flags come from that. */
import type { Command } from 'commander';
import { z } from 'zod';
import { InternalError } from '../errors.ts';
import type { Note } from '../events.ts';
import { checkOptions } from './check-options.ts';
import { Interrupted } from './errors.ts';
import { commanderOptions, type Flag, flagsOf, parseValue } from './flags.ts';
import { listenForInterrupt } from './interrupt.ts';
import { hasColor, type Io, widthOf } from './io.ts';
import { painter } from './paint.ts';
import { createProgress, type Progress } from './progress.ts';
import { commandNames, type Names, noteText, renamed, type WhereSaid } from './remedies.ts';
import { merge, nest } from './values.ts';

/** How wide the standard output is, whether it takes colours, and whether lines can be taken back. */
export interface Screen {
  readonly width: number;
  readonly color: boolean;
  /** @default false */
  readonly redraws?: boolean;
}

export interface CommandContext<Options> {
  readonly options: Options;
  /** What of them was given, by flags or otherwise. */
  readonly given: Readonly<Record<string, unknown>>;
  /** What stands on the command line beside the flags. */
  readonly arguments: readonly string[];
  /** `--json`: print nothing but JSON. */
  readonly json: boolean;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** A line, or several, for the standard output. */
  print(text: string): void;
  /** For the standard error output, whatever else is asked for: the reader of the results must know. */
  note(note: Note): void;
  /** What settings are called in messages. */
  readonly names: Names;
  /** On the standard error output; silent with `--quiet`. */
  readonly progress: Progress;
  readonly screen: Screen;
  readonly stdin: Io['stdin'];
}

/** What lies under the flags. */
export interface Under {
  readonly values: Readonly<Record<string, unknown>>;
  /** What of it somebody said, in a file or otherwise. */
  readonly said: Readonly<Record<string, unknown>>;
  /** Where a setting of it was said; undefined of those that nobody said. */
  readonly where: WhereSaid;
  /** What the reader must know of it. @default nothing */
  readonly notes?: readonly Note[];
}

export interface CommandArgument {
  readonly name: string;
  readonly description: string;
  /** @default false */
  readonly required?: boolean;
  /** Takes all that follow. @default false */
  readonly variadic?: boolean;
}

export interface CommandSpec<Schema extends z.ZodObject> {
  readonly name: string;
  /** One sentence: the same as in commands.ts. */
  readonly summary: string;
  /** What else `--help` says, below the summary. */
  readonly description?: string;
  /** Whole command lines, with what they do. */
  readonly examples?: readonly (readonly [line: string, meaning: string])[];
  readonly arguments?: readonly CommandArgument[];
  /** `.meta({ placeholder, group })` says how `--help` shows a field. */
  readonly options: Schema;
  /** Values for what the command line does not give: of a preset, of a config file. */
  defaults?(given: Readonly<Record<string, unknown>>): Promise<Under>;
  /** What happens after the first Ctrl-C. @default 'stopping' */
  readonly stopping?: string;
  /** @returns `done` when Ctrl-C broke nothing off, but ended what came after the work */
  run(context: CommandContext<z.infer<Schema>>): Promise<unknown>;
}

/** A command as the program sees it. */
export interface CliCommand {
  readonly name: string;
  readonly summary: string;
  /** Gives commander the flags and what to do. */
  attach(command: Command, io: Io): void;
}

/** Options that every command has. */
const commonOptions = z.strictObject({
  json: z.boolean().default(false).describe('Print JSON, and nothing else'),
  quiet: z.boolean().default(false).describe('Show no progress'),
  verbose: z.boolean().default(false).describe('With an error, show where it happened'),
});
const commonGroup = { group: 'Output' };

export function defineCommand<Schema extends z.ZodObject>(spec: CommandSpec<Schema>): CliCommand {
  const { name, summary } = spec;
  return {
    name,
    summary,
    attach(command, io) {
      const common = flagsOf(commonOptions).map((flag) => ({ ...flag, ...commonGroup }));
      // what has to be there may also come from a preset
      const required = spec.defaults === undefined;
      const own = flagsOf(spec.options).map((flag) => (required ? flag : { ...flag, required }));
      const clash = own.find(({ name: flag }) => common.some((other) => other.name === flag));
      if (clash) throw new InternalError(`${name}: every command has ${clash.name} already`);
      describe(command, spec);
      const given = addFlags(command, [...own, ...common]);
      command.action(async () => {
        const commonValues = nest(given(common));
        const shared = checkOptions(commonOptions, common, commonValues);
        const values = nest(given(own));
        const under = await spec.defaults?.(values);
        const where: WhereSaid = (name) => (name in values ? undefined : under?.where(name));
        const all = merge(under?.values ?? {}, values);
        const options = checkOptions(spec.options, own, all, where);
        const names = commandNames(own, where);
        const said = merge(under?.said ?? {}, values);
        const notes = under?.notes ?? [];
        await execute(spec, {
          options,
          given: said,
          notes,
          shared,
          words: command.args,
          names,
          io,
        });
      });
    },
  };
}

function describe(command: Command, spec: CommandSpec<z.ZodObject>): void {
  const { summary, description, examples = [], arguments: words = [] } = spec;
  command.description(description ? `${summary}\n\n${description}` : summary);
  for (const { name, description: text, required = false, variadic = false } of words) {
    const term = variadic ? `${name}...` : name;
    command.argument(required ? `<${term}>` : `[${term}]`, text);
  }
  if (examples.length === 0) return;
  const lines = examples.map(([line, meaning]) => `  ${line}\n      ${meaning}`);
  command.addHelpText('after', ['\nExamples:', ...lines].join('\n'));
}

/** Adds the flags; gives a function that tells which of some were given, and as what. */
function addFlags(command: Command, flags: readonly Flag[]) {
  const terms = new Map<unknown, string>();
  const attributes = new Map<Flag, string>();
  for (const flag of flags) {
    const { options, term } = commanderOptions(flag);
    for (const option of options) command.addOption(option);
    terms.set(options[0], term);
    attributes.set(flag, options[0].attributeName());
  }
  command.configureHelp({
    ...command.configureHelp(),
    optionTerm: (option) => terms.get(option) ?? option.flags,
  });
  return (some: readonly Flag[]) =>
    some.flatMap((flag) => {
      const attribute = attributes.get(flag)!;
      if (command.getOptionValueSource(attribute) !== 'cli') return [];
      return [[flag.path, parseValue(flag, command.getOptionValue(attribute))] as const];
    });
}

interface Call<Options> {
  readonly options: Options;
  readonly given: Readonly<Record<string, unknown>>;
  readonly notes: readonly Note[];
  readonly shared: z.infer<typeof commonOptions>;
  readonly words: readonly string[];
  readonly names: Names;
  readonly io: Io;
}

/** Runs a command with a progress display, and with an ear for Ctrl-C. */
async function execute<Schema extends z.ZodObject>(
  { run, stopping = 'stopping' }: CommandSpec<Schema>,
  { options, given, notes, shared, words, names, io }: Call<z.infer<Schema>>,
): Promise<void> {
  const { stdin, stdout, stderr, env } = io;
  const color = hasColor(stderr, env);
  const terminal = stderr.isTTY === true && env.TERM !== 'dumb';
  const mode = shared.quiet ? 'none' : terminal ? 'bar' : 'lines';
  const progress = createProgress({ stream: stderr, mode, color, now: io.now });
  const { signal, dispose } = listenForInterrupt({
    signals: io.signals,
    announce: () => {
      progress.clear();
      stderr.write(`${stopping}; press Ctrl-C again to stop at once\n`);
    },
    exit(code) {
      progress.close();
      io.exit(code);
    },
  });
  const print = (text: string) => {
    progress.clear();
    stdout.write(`${text}\n`);
  };
  const note = (one: Note) => {
    progress.clear();
    stderr.write(`${painter(color)('yellow', 'note:')} ${noteText(one, names)}\n`);
  };
  const redraws = stdout.isTTY === true && env.TERM !== 'dumb';
  const screen = { width: widthOf(stdout), color: hasColor(stdout, env), redraws };
  notes.forEach(note);
  const { json } = shared;
  let ending: unknown;
  try {
    const told = { print, note, names, progress, screen };
    ending = await run({ options, given, arguments: words, json, signal, stdin, ...told });
  } catch (error) {
    throw signal.aborted ? new Interrupted() : renamed(error, names);
  } finally {
    progress.close();
    dispose();
  }
  if (signal.aborted && ending !== 'done') throw new Interrupted();
}
