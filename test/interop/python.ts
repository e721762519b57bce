/** Runs Python with the real libraries. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const start = promisify(execFile);

/**
 * Runs `test/interop/python/<script>` with arguments; it prints one JSON value, which is returned.
 * Nothing may reach for the network: the hub is offline for it.
 */
export async function python<Result>(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const path = resolve('test/interop/python', script);
  const program = process.env.TACTFUL_INTEROP_PYTHON ?? 'python3';
  const offline = { HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false', OMP_NUM_THREADS: '2' };
  const { stdout } = await start(program, [path, ...args], {
    maxBuffer: 1 << 28,
    env: { ...process.env, ...offline, ...env },
  });
  return JSON.parse(stdout);
}
