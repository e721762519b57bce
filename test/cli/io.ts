/** A process that only tests see. */
import { EventEmitter } from 'node:events';
import type { Io } from '../../src/cli/io.ts';
import { runProgram } from '../../src/cli/program.ts';

export interface FakeIo extends Io {
  /** What was written so far. */
  readonly out: string[];
  readonly err: string[];
  readonly exits: number[];
  readonly signals: EventEmitter;
}

export interface FakeOptions {
  readonly stdin?: string;
  /** Both outputs are a terminal of this width. */
  readonly columns?: number;
  readonly now?: () => number;
}

export function fakeIo({ stdin, columns, now = () => 0 }: FakeOptions = {}): FakeIo {
  const [out, err, exits]: [string[], string[], number[]] = [[], [], []];
  const output = (texts: string[]) => ({
    write: (text: string) => void texts.push(text),
    isTTY: columns !== undefined,
    ...(columns !== undefined && { columns }),
  });
  async function* input() {
    if (stdin !== undefined) yield stdin;
  }
  return {
    out,
    err,
    exits,
    stdin: Object.assign(input(), { isTTY: stdin === undefined }),
    stdout: output(out),
    stderr: output(err),
    env: { NO_COLOR: '1' },
    signals: new EventEmitter(),
    now,
    exit: (code) => void exits.push(code),
  };
}

/** Runs `tactful <words>` inside this process. */
export async function tactful(words: readonly string[], options: FakeOptions = {}) {
  const io = fakeIo(options);
  const code = await runProgram(words, io);
  return { code, out: io.out.join(''), err: io.err.join('') };
}
