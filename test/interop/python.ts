/** Runs Python with the real libraries. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const start = promisify(execFile);

/** Whose Python: that of transformers 4, or of 5. */
export type Transformers = 4 | 5;

/** Both. */
export const eachTransformers: readonly Transformers[] = [4, 5];

/** Of what a Python has the libraries. */
type Environment = Transformers | 'aws' | 'curves' | 'ragas';

export function interpreter(environment: Environment): string {
  const { env } = process;
  const programs = {
    4: env.TACTFUL_INTEROP_PYTHON,
    5: env.TACTFUL_INTEROP_PYTHON_5,
    aws: env.TACTFUL_INTEROP_PYTHON_AWS,
    curves: env.TACTFUL_INTEROP_PYTHON_CURVES,
    ragas: env.TACTFUL_INTEROP_PYTHON_RAGAS,
  };
  return programs[environment] ?? 'python3';
}

/**
 * Runs `test/interop/python/<script>` with arguments; it prints one JSON value, which is returned.
 * Nothing may reach for the network: the hub is offline for it, and RAGAS tells nobody that it is used.
 */
export async function python<Result>(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  environment: Environment = 4,
): Promise<Result> {
  const path = resolve('test/interop/python', script);
  const program = interpreter(environment);
  const offline = { HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false', OMP_NUM_THREADS: '2' };
  const silent = { RAGAS_DO_NOT_TRACK: 'true' };
  const { stdout } = await start(program, [path, ...args], {
    maxBuffer: 1 << 28,
    env: { ...process.env, ...offline, ...silent, ...env },
  });
  return JSON.parse(stdout);
}
