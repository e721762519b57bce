/** The bench's command line, mostly in a process of its own: `npm test` builds what it runs. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../bench/main.js', import.meta.url));
const { readOptions } = await import(new URL('../bench/options.js', import.meta.url).href);

function bench(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

test('--help lists the benches and their options', () => {
  const { status, out } = bench('--help');
  expect(status).toBe(0);
  for (const word of ['minibatch', 'decode', 'demo-step', '--json', '--threads']) {
    expect(out).toContain(word);
  }
});

test('an error ends with 2, and says why', () => {
  const { status, out, err } = bench('minibatch', '--modle', 'demo');
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toContain("Unknown option '--modle'");
});

test.each([
  [['minibatch', '--modle', 'demo'], "Unknown option '--modle'"],
  [['minibach'], 'Did you mean "minibatch"?'],
  [['minibatch', '--steps', '3'], 'bench minibatch: expected --model'],
  [['minibatch', '--model', 't5-bas'], 'Did you mean "t5-base"?'],
  [['minibatch', '--reps', '0'], '--reps: expected a whole number of at least 1, got "0".'],
])('%j is an error that says why', (words, message) => {
  expect(() => readOptions(words)).toThrow(message);
});

test('minibatch --json tells times, memory, machine and engine', () => {
  const sizes = ['--batch', '2', '--source', '8', '--target', '4'];
  const words = ['minibatch', '--model', 'demo', ...sizes];
  const { status, out } = bench(...words, '--reps', '1', '--threads', '1', '--json');
  expect(status).toBe(0);
  const answer = JSON.parse(out);
  expect(answer.engine).toContain('1 thread');
  expect(answer.machine.cores).toBeGreaterThan(0);
  expect(answer.measures[0]).toMatchObject({ name: 'forward', unit: 's', count: 1 });
  expect(answer.memoryMb.forward.rss).toBeGreaterThan(0);
});
