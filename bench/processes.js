/** Whole commands as processes of their own. I/O. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UnavailableError } from '../dist/errors.js';
import { measure } from './measure.js';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** How long a user waits for words: node itself, then three of the shortest commands. */
export function coldStart({ reps }) {
  const lines = [['--version'], ['--help'], ['detox', '--help']];
  const all = [
    ['node alone', ['-e', '0']],
    ...lines.map((line) => [line.join(' '), [main, ...line]]),
  ];
  const measures = all.map(([name, words]) => {
    timed(words); // reads the files
    return measure(
      name,
      's',
      Array.from({ length: reps }, () => timed(words)),
    );
  });
  return { setting: {}, measures };
}

/** The demo from its start to its report, every time in a folder of its own. */
export function demo({ reps, threads }) {
  const seconds = Array.from({ length: reps }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'tactful-bench-'));
    try {
      const output = ['--output', join(folder, 'run')];
      return timed([
        main,
        'detox',
        '--preset',
        'demo',
        '--threads',
        `${threads}`,
        ...output,
        '--quiet',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  return { setting: { threads }, measures: [measure('detox --preset demo', 's', seconds)] };
}

/** Seconds that a node process takes. @throws {UnavailableError} when it fails */
function timed(words) {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  const seconds = (performance.now() - start) / 1000;
  if (status === 0) return seconds;
  const last = stderr.trimEnd().split('\n').slice(-5).join('\n');
  throw new UnavailableError(`node ${words.join(' ')}`, 'exit code 0', `${status}`, last);
}
