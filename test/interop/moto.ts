/** I/O: moto's server, an emulator of AWS that shares no code with dynalite. */
import { type ChildProcess, spawn } from 'node:child_process';
import { interpreter } from './python.ts';

/** Starts it on a free port. @returns where it answers */
export async function startMoto(): Promise<{ endpoint: string; process: ChildProcess }> {
  const process = spawn(interpreter('aws'), ['-m', 'moto.server', '-p', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  for await (const chunk of process.stderr) {
    said += chunk;
    const endpoint = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
    if (endpoint !== undefined) return { endpoint, process };
  }
  throw new Error(`moto did not start: ${said}`);
}
