/** Another program's time for the same iteration. I/O: a process. */
import { spawn } from 'node:child_process';
import { z } from 'zod';
import { parseJson } from '../dist/disk/json.js';
import { InputError, UnavailableError } from '../dist/errors.js';

const timed = z.object({ seconds: z.number().positive() });

/** What trl_baseline.py prints, as far as it is read. */
const Answer = z.object({
  runs: z
    .array(
      z.object({
        generate_one_by_one: timed,
        generate_batched16: timed,
        reward_32x16: timed,
        step: timed,
      }),
    )
    .min(1),
  peak_rss_mb: z.number().positive(),
});

/**
 * Runs a shell command whose last line is the JSON of trl_baseline.py.
 * @returns seconds of each run, by part; `lab` is an iteration as the lab does it, `hand-batched`
 *   one that generates all responses together
 * @throws {UnavailableError} when the command fails
 * @throws {InputError} when its last line is no such JSON
 */
export async function runBaseline(command) {
  const { stdout, stderr, ending } = await shell(command);
  if (ending !== 'exit code 0') {
    const last = lastLines(stderr, 5) || 'nothing on the standard error output';
    throw new UnavailableError('baseline', 'exit code 0', ending, `It said:\n${last}`);
  }
  const line = lastLines(stdout, 1);
  if (!line.startsWith('{')) {
    const got = line === '' ? 'no output' : JSON.stringify(line.slice(0, 80));
    throw new InputError('baseline', 'JSON in the last line of the output', got);
  }
  const { runs, peak_rss_mb: peakMb } = parseJson(Buffer.from(line), 'baseline', Answer);
  return { runs: runs.map(secondsOf), peakMb: Math.round(peakMb) };
}

function secondsOf(run) {
  const [oneByOne, batched] = [run.generate_one_by_one.seconds, run.generate_batched16.seconds];
  const reward = run.reward_32x16.seconds / 2; // a step scores 16 of the 32 texts
  const step = run.step.seconds;
  return {
    'lab: generate one by one': oneByOne,
    'hand-batched: generate': batched,
    'both: reward': reward,
    'both: step': step,
    'hand-batched': batched + reward + step,
    lab: oneByOne + reward + step,
  };
}

function shell(command) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    for (const name of Object.keys(texts)) {
      child[name].setEncoding('utf8').on('data', (text) => {
        texts[name] += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ ...texts, ending: signal ? `signal ${signal}` : `exit code ${code}` }),
    );
  });
}

function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
