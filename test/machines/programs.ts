/** I/O: runs and workers as processes of the program, which can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** One engine for all, whatever this machine has. */
const env = {
  ...process.env,
  NO_COLOR: '1',
  TACTFUL_OPENVINO: '',
  XDG_DATA_HOME: join(tmpdir(), 'tactful-no-data'),
};

/** A process of the program. */
export interface Program {
  readonly child: ChildProcess;
  /** What it has written so far, on both outputs. */
  text(): string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Resolves when it has written something. @throws when it ends before */
  says(pattern: RegExp): Promise<void>;
  /** SIGKILL, and waits until it has gone. */
  kill(): Promise<void>;
}

/** Starts `tactful <words>`. */
export function program(words: readonly string[], more: NodeJS.ProcessEnv = {}): Program {
  const child = spawn(process.execPath, [main, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, ...more },
  });
  let text = '';
  const written = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (some) => {
      text += some;
      for (const look of written) look();
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | string);
  return {
    child,
    ended,
    text: () => text,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(text)) return;
          written.delete(look);
          resolve();
        };
        written.add(look);
        look();
        void ended.then((how) =>
          reject(
            new Error(`tactful ${words[0]} ended with ${how}, and never said ${pattern}:\n${text}`),
          ),
        );
      }),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs `tactful <words>` to its end. @throws when it ends with an error */
export async function finished(
  words: readonly string[],
  more?: NodeJS.ProcessEnv,
): Promise<string> {
  const run = program(words, more);
  const how = await run.ended;
  if (how !== 0) throw new Error(`tactful ${words.join(' ')} ended with ${how}:\n${run.text()}`);
  return run.text();
}
