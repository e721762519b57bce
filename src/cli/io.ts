/** I/O: what a command line program touches of its process; tests give their own. */
import { Console } from 'node:console';
import type { EventEmitter } from 'node:events';
import { wordsOf } from '../disk/words.ts';

/** A stream to write to, perhaps a terminal. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  /** Width of the terminal in columns. */
  readonly columns?: number;
}

export interface Io {
  readonly stdin: AsyncIterable<string | Uint8Array> & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where `SIGINT` is announced. */
  readonly signals: Pick<EventEmitter, 'on' | 'off'>;
  /** Milliseconds that never go backwards. */
  now(): number;
  /** Ends the process at once; with 130 by the signal itself, as shells expect of Ctrl-C. */
  exit(code: number): void;
}

export function processIo(): Io {
  const { stdin, stdout, stderr, env } = process;
  globalThis.console = new Console(stderr); // modules of users print, and results stay alone
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `tactful … | head` closes the pipe: there is nobody left to tell
    if (error.code === 'EPIPE') process.exit(0);
    const words = `expected a place that can be written, got ${wordsOf(error)}`;
    stderr.write(`error: standard output: ${words}. Send it elsewhere, or make room.\n`);
    process.exit(1);
  });
  return {
    stdin,
    stdout,
    stderr,
    env,
    signals: process,
    now: () => performance.now(),
    exit(code) {
      // process.exit() would unload what the engine's thread is still computing with, and abort
      if (code !== 130) process.exit(code);
      process.removeAllListeners('SIGINT');
      process.kill(process.pid, 'SIGINT');
    },
  };
}

/** Whether to colour what goes to a stream: FORCE_COLOR and NO_COLOR win over what it is. */
export function hasColor({ isTTY = false }: Output, env: Io['env']): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return isTTY && env.TERM !== 'dumb';
}

/** Columns to fill: the terminal's, at most 120; 80 where there is none. */
export function widthOf({ columns }: Output): number {
  return Math.max(40, Math.min(120, columns || 80));
}

/** All of the standard input as text. */
export async function readAll(stdin: Io['stdin']): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) {
    chunks.push(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
