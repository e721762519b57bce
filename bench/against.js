/** The same bench of another commit, in turn with this tree's: A B A B. I/O: processes. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, UnavailableError } from '../dist/errors.js';
import { measure } from './measure.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * One repetition of each at a time, in processes of their own, whose warm-up does not count.
 * @returns both programs' measures, and the ratios of theirs to ours
 */
export function inTurn({ name, against, reps, ...options }) {
  const commit = commitOf(against);
  const trees = { [`at ${commit.slice(0, 7)}`]: builtAt(commit), here: root };
  const words = [name, ...wordsOf(options), '--reps', '1', '--json'];
  const answers = Object.fromEntries(Object.keys(trees).map((tree) => [tree, []]));
  for (let rep = 0; rep < reps; rep++) {
    for (const [tree, folder] of Object.entries(trees)) answers[tree].push(told(folder, words));
  }
  const [theirs, ours] = Object.values(answers);
  const names = ours[0].measures
    .map((one) => one.name)
    .filter((one) => theirs[0].measures.some((other) => other.name === one));
  const all = (tree, one) =>
    measure(
      `${one}, ${tree}`,
      unitOf(ours[0], one),
      answers[tree].map(({ measures }) => measures.find((m) => m.name === one).minimum),
    );
  const pairs = names.map((one) => [one, Object.keys(trees).map((tree) => all(tree, one))]);
  return {
    engine: ours[0].engine,
    setting: { ...ours[0].setting, against: commit.slice(0, 7) },
    measures: pairs.flatMap(([, pair]) => pair),
    ratios: Object.fromEntries(
      pairs.map(([one, [other, own]]) => [
        `${one}: then / now`,
        { minimum: other.minimum / own.minimum, median: other.median / own.median },
      ]),
    ),
    memoryMb: Object.fromEntries(
      Object.entries(answers).map(([tree, all]) => [tree, { rss: mostMemory(all) }]),
    ),
  };
}

function unitOf({ measures }, name) {
  return measures.find((one) => one.name === name).unit;
}

/** The most that any part of any answer tells. */
function mostMemory(answers) {
  const parts = answers.flatMap(({ memoryMb = {} }) => Object.values(memoryMb));
  return Math.max(0, ...parts.map(({ rss = 0 }) => rss));
}

/** Options as the command line has them; paths hold in other folders too. */
function wordsOf({ json: _, workload, ...options }) {
  const given = { ...options, ...(workload !== undefined && { workload: resolve(workload) }) };
  return Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => [`--${name}`, `${value}`]);
}

/** What a tree's bench answers. */
function told(folder, words) {
  const { stdout } = run(process.execPath, ['bench/main.js', ...words], folder);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1));
}

/** @throws {ConfigError} when this repository has no such commit */
function commitOf(name) {
  const git = spawnSync('git', ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], {
    cwd: root,
    encoding: 'utf8',
  });
  if (git.status === 0) return git.stdout.trim();
  throw new ConfigError('--against', 'a commit of this repository', name);
}

/** The tree of a commit, installed and built, made once in `.cache/against/`. */
function builtAt(commit) {
  const folder = join(root, '.cache', 'against', commit);
  if (existsSync(folder)) return folder;
  const making = `${folder}.making`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  run('sh', ['-c', `git archive ${commit} | tar -x -C '${making}'`], root);
  const lock = (tree) => readFileSync(join(tree, 'package-lock.json'), 'utf8');
  const modules = join(root, 'node_modules');
  if (lock(making) === lock(root)) symlinkSync(modules, join(making, 'node_modules'));
  else run('npm', ['ci', '--silent'], making);
  run('npm', ['run', '--silent', 'build'], making);
  rmSync(join(making, '.cache'), { recursive: true, force: true });
  symlinkSync(join(root, '.cache'), join(making, '.cache')); // the models of benches are large
  renameSync(making, folder);
  return folder;
}

/** @throws {UnavailableError} when the command fails */
function run(command, words, cwd) {
  const done = spawnSync(command, words, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (done.status === 0) return done;
  const last = `${done.stderr}`.trimEnd().split('\n').slice(-5).join('\n');
  const title = `${[command, ...words].join(' ')} in ${cwd}`;
  throw new UnavailableError(title, 'exit code 0', `${done.status ?? done.error?.message}`, last);
}
