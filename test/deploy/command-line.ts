/** A command line of docs or manifests, held against the program. */
import { Command } from 'commander';
import { commands } from '../../src/cli/commands.ts';
import { fakeIo } from '../cli/io.ts';

/**
 * What a command line without its `tactful` gives, by the names of options.
 * @throws when there is no such command, or it does not have a flag, or a value is missing
 */
export async function parsed(words: readonly string[]): Promise<Record<string, unknown>> {
  const [name, ...rest] = words;
  const entry = commands.find((one) => one.name === name);
  if (!entry) throw new Error(`tactful has no command ${name}`);
  const command = new Command(name).exitOverride().configureOutput({ writeErr: () => {} });
  (await entry.load()).attach(command, fakeIo());
  command.action(() => {}); // it is read, not run
  await command.parseAsync(rest, { from: 'user' });
  return command.opts();
}

/** The lines of a page's code blocks that call tactful, as words without it. */
export function commandLines(page: string): string[][] {
  const blocks = page.match(/^```[\s\S]*?^```/gm) ?? [];
  const lines = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'));
  return lines.flatMap((line) => {
    const [, call] = /^(?:\w+=\S+ )*(?:npx )?tactful (.*?)(?: +#.*)?$/.exec(line) ?? [];
    return call ? [call.trim().split(/ +/)] : [];
  });
}
