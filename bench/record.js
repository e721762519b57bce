/** What keeping rollouts costs: trainings with and without, in turn. I/O. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UnavailableError } from '../dist/errors.js';
import { measure, medianOf } from './measure.js';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
/** Steps of a training; the first two, which warm up, do not count. */
const steps = 14;
const few = ['--samples', '4', '--rows', '4', '--guards', 'off', '--checkpoint-every', '0'];

/** Steps of the demo as processes; each repetition has one training of either kind. */
export function record({ reps, threads }) {
  const pairs = Array.from({ length: reps }, (_, i) => {
    const kinds = i % 2 === 0 ? ['0', `${steps}`] : [`${steps}`, '0'];
    const runs = Object.fromEntries(kinds.map((kept) => [kept, training(kept, threads)]));
    return { without: runs[0], with: runs[steps] };
  });
  const all = (name) => pairs.map((pair) => medianOf(pair[name].seconds));
  const percent = (share) => pairs.map((pair) => 100 * share(pair));
  return {
    setting: { model: 'demo', steps, threads },
    measures: [
      measure('step, nothing kept', 's', all('without')),
      measure('step, rollouts kept', 's', all('with')),
      measure(
        'time/record of a step',
        's',
        pairs.map((pair) => medianOf(pair.with.record)),
      ),
      measure(
        'time/record of a step',
        '%',
        percent(({ with: kept }) => sum(kept.record) / sum(kept.seconds)),
      ),
      measure(
        'longer by',
        '%',
        percent(({ without, with: kept }) => sum(kept.seconds) / sum(without.seconds) - 1),
      ),
      measure(
        'rollouts/ of a step',
        'kB',
        pairs.map((pair) => pair.with.bytes / steps / 1000),
      ),
    ],
  };
}

/** Seconds of the steps that count, and of keeping them; bytes that were kept. */
function training(kept, threads) {
  const folder = mkdtempSync(join(tmpdir(), 'tactful-bench-'));
  const output = join(folder, 'run');
  const words = ['--steps', `${steps}`, '--keep-rollouts', kept, '--threads', `${threads}`];
  try {
    const line = [main, 'detox', ...words, ...few, '--output', output, '--quiet'];
    const { status, stderr } = spawnSync(process.execPath, line, { encoding: 'utf8' });
    if (status !== 0) {
      const last = stderr.trimEnd().split('\n').slice(-5).join('\n');
      throw new UnavailableError('detox', 'exit code 0', `${status}`, last);
    }
    const lines = readFileSync(join(output, 'events.jsonl'), 'utf8').trim().split('\n');
    const told = lines.map((text) => JSON.parse(text)).filter(({ type }) => type === 'step');
    const counted = told.slice(2).map(({ metrics }) => metrics);
    return {
      seconds: counted.map((metrics) => metrics['time/step']),
      record: counted.map((metrics) => metrics['time/record']),
      bytes: kept === '0' ? 0 : bytesIn(join(output, 'rollouts')),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function bytesIn(folder) {
  return sum(readdirSync(folder).map((name) => statSync(join(folder, name)).size));
}

function sum(numbers) {
  return numbers.reduce((all, number) => all + number, 0);
}
