/** The program: finds the command, lets it run, turns errors into messages and exit codes. */
import { Command, CommanderError } from 'commander';
import { version } from '../disk/version.ts';
import { ofDisk } from '../disk/words.ts';
import { didYouMean } from '../errors.ts';
import { commands } from './commands.ts';
import { exitCodeOf, Interrupted, Told, Unfulfilled, UsageError } from './errors.ts';
import { hasColor, type Io, widthOf } from './io.ts';
import { painter } from './paint.ts';

/**
 * Runs one command line.
 * @param words what follows the program's name
 * @returns the exit code: 0 done, 1 error, 2 wrong usage, 3 another verdict than required, 130 after Ctrl-C
 */
export async function runProgram(words: readonly string[], io: Io): Promise<number> {
  let program: Command | undefined;
  try {
    program = await buildProgram(words, io);
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync([...words], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // --help, --version
    return report(
      error instanceof CommanderError ? usageError(error, words, program) : ofDisk(error),
      words,
      io,
    );
  }
}

/** All commands by name and summary; the one that is meant with its flags. */
async function buildProgram(words: readonly string[], io: Io): Promise<Command> {
  const paint = painter(hasColor(io.stdout, io.env));
  const program = new Command('tactful')
    .description('Train language models by reinforcement learning, and measure what it did.')
    .usage('<command> [options]')
    .version(version, '--version', 'Print the version')
    .helpOption('-h, --help', 'Show this help')
    .helpCommand('help [command]', 'Show the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: () => {}, // usage errors are told once, in our words
      getOutHelpWidth: () => widthOf(io.stdout),
      getOutHasColors: () => true, // painter() has decided
    })
    .configureHelp({
      subcommandTerm: (command) => command.name(),
      minWidthToWrap: 30, // beside the longest flag on 80 columns
      styleTitle: (text) => paint('bold', text),
    });
  const meant = operands(words);
  for (const { name, summary, load } of commands) {
    const command = program.command(name).summary(summary).description(summary);
    if (meant === name) (await load()).attach(command, io);
  }
  return program;
}

/** The command that a command line names, also after `help`. */
function operands(words: readonly string[]): string | undefined {
  const [first, second] = words.filter((word) => !word.startsWith('-'));
  return first === 'help' ? second : first;
}

/** Commander's message in one line, with what to do. */
function usageError(
  { message }: CommanderError,
  words: readonly string[],
  program: Command | undefined,
): UsageError {
  const valued = /^error: unknown option '(--[\w-]+)=(.*)'/.exec(message);
  const known = program?.commands.find((one) => one.name() === operands(words))?.options ?? [];
  if (valued && known.some(({ long, required }) => long === valued[1] && !required)) {
    const [, flag, value] = valued;
    const off = `--no-${flag.slice(2)}`;
    return new UsageError(`${flag}: expected no value, got "${value}". To turn it off: ${off}.`);
  }
  const valueless = /^error: option '(--\S+) .*' argument missing$/.exec(message);
  if (valueless) return new UsageError(`${valueless[1]}: expected a value, got nothing.`);
  const named = operands(words);
  if (message === '(outputHelp)') {
    const names = commands.map((command) => command.name);
    const remedy = didYouMean(`${named}`, names).replaceAll('"', '') || 'See tactful --help.';
    return new UsageError(`unknown command "${named}". ${remedy}`);
  }
  const [text, ...more] = message.replace(/^error: /, '').split('\n');
  const suggestion = more.join(' ').replace(/^\((.*)\)$/, '$1');
  const name = commands.find((command) => command.name === named)?.name;
  const remedy = suggestion || `See tactful ${name ? `${name} ` : ''}--help.`;
  return new UsageError(`${text.replace(/\.$/, '').replaceAll("'", '"')}. ${remedy}`);
}

/** One line on the standard error output; where it happened only when asked. */
function report(error: unknown, words: readonly string[], io: Io): number {
  const code = exitCodeOf(error);
  if (error instanceof Interrupted || error instanceof Told) return code;
  const paint = painter(hasColor(io.stderr, io.env));
  if (error instanceof Unfulfilled) {
    io.stderr.write(`${paint('yellow', error.message)}\n`);
    return code;
  }
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  io.stderr.write(`${paint(['red', 'bold'], 'error:')} ${message.replace(/\s*\n\s*/g, ' ')}\n`);
  const verbose = words.includes('--verbose') || io.env.TACTFUL_DEBUG;
  if (verbose) io.stderr.write(`${stack}\n${causes(error)}`);
  return code;
}

function causes(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  if (cause === undefined) return '';
  const text = cause instanceof Error ? cause.stack : String(cause);
  return `caused by: ${text}\n${causes(cause)}`;
}
