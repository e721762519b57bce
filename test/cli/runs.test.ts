import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keep, log, newFolder, rollout, started, stepped } from '../store/run-index/folders.ts';
import { tactful } from './io.ts';

const summary = (mean: number) => ({ n: 2, mean, std: 0 });
const measured = (when: 'before' | 'after', reward: number, toxicity: number) => ({
  ...{ type: 'evaluated' as const, when, reward: summary(reward), toxicity: summary(toxicity) },
});

/** A folder with a finished run, one that broke off, and one in a folder of its own. */
async function threeRuns() {
  const folder = await newFolder();
  const own = { model: 'google/flan-t5-base', learningRate: 1e-5, loraTargets: ['q', 'v'] };
  const first = started({
    config: { algorithm: 'ppo', seed: 1, ...own },
    fingerprints: { data: 'x' },
  });
  await log(join(folder, 'a'), first, measured('before', 1, 0.5), stepped(1, 2), stepped(2, 3));
  await log(join(folder, 'a'), measured('after', 2.5, 0.125), {
    type: 'finished',
    steps: 2,
    seconds: 60,
  });
  await keep(join(folder, 'a'), 1, [rollout(1, 0), rollout(1, 1)]);
  const later = { time: '2026-11-29T12:00:00.000Z', fingerprints: { data: 'y' } };
  await log(
    join(folder, 'b'),
    started({ ...later, config: { algorithm: 'grpo', seed: 1 } }),
    stepped(1, 0.25),
  );
  await log(join(folder, 'versus/plain'), started({ job: 'sft', config: { lr: '[31m' } }));
  return folder;
}

test('lists runs, newest first', async () => {
  const folder = await threeRuns();
  const { code, out } = await tactful(['runs', '--runs', folder]);
  expect(code).toBe(0);
  expect(out.split('\n').map((line) => line.trimEnd())).toEqual([
    'run                  job     state     started (UTC)  step         reward       toxicity  verdict',
    'b             detox grpo    broken  2026-11-29 12:00   1/4          0.250',
    'a              detox ppo  finished  2026-11-29 10:00   2/4  1.000 → 2.500  0.500 → 0.125',
    'versus/plain         sft    broken  2026-11-29 10:00   0/4',
    '',
  ]);
});

test.each([
  [[], ['b', 'a', 'versus/plain']],
  [['--state', 'finished'], ['a']],
  [
    ['--state', 'finished,broken', '--job', 'detox'],
    ['b', 'a'],
  ],
  [['--search', 'FLAN'], ['a']],
  [['--search', 'versus'], ['versus/plain']],
  [['--where', 'algorithm=grpo'], ['b']],
  [['--where', 'seed=1', '--where', 'learningRate=0.00001'], ['a']],
  [['--where', 'loraTargets=q,v'], ['a']],
  [['--where', 'algorithm='], []],
])('%j finds %j', async (flags, ids) => {
  const { out } = await tactful(['runs', '--json', '--runs', await threeRuns(), ...flags]);
  expect(JSON.parse(out).map(({ id }: { id: string }) => id)).toEqual(ids);
});

test('a folder without runs has none', async () => {
  const folder = join(await newFolder(), 'not there');
  expect(await tactful(['runs', '--runs', folder])).toMatchObject({
    code: 0,
    out: `No runs in ${folder}.\n`,
  });
});

test('says how many runs there are where none is meant', async () => {
  const folder = await threeRuns();
  const { out } = await tactful(['runs', '--runs', folder, '--job', 'evaluate']);
  expect(out).toBe(`None of the 3 runs in ${folder} is such a run.\n`);
});

test('shows a run by its name or its folder: how it went, what was measured, its settings', async () => {
  const folder = await threeRuns();
  const { out } = await tactful(['runs', 'show', 'a', '--runs', folder]);
  expect(out).toBe(
    [
      ...[
        'a',
        'detox, finished, step 2/4, in 1 min 0 s, started 2026-11-29 10:00 UTC, tactful 0.1.0',
        '',
      ],
      ...['measure   before  after', 'reward     1.000  2.500', 'toxicity   0.500  0.125', ''],
      ...['reward  ▁█  3.000', ''],
      ...['settings', 'algorithm     ppo', 'seed          1', 'model         google/flan-t5-base'],
      ...['learningRate  0.00001', 'loraTargets   q,v', ''],
    ].join('\n'),
  );
  const other = await tactful(['runs', 'show', join(folder, 'a'), '--json']);
  expect(JSON.parse(other.out)).toMatchObject({ id: join(folder, 'a'), state: 'finished' });
  const below = ['show', join(folder, 'versus/../a/'), '--runs', folder, '--json'];
  const { id, config } = JSON.parse((await tactful(['runs', ...below])).out);
  expect([id, config.seed]).toEqual(['a', 1]);
});

test('a name that is no run is refused, and so is an action that is none', async () => {
  const folder = await threeRuns();
  const wrong = await tactful(['runs', 'show', 'c', '--runs', folder]);
  expect([wrong.code, wrong.err]).toEqual([
    1,
    'error: c: expected a run, got none. Name one of those that `tactful runs` lists, or its folder.\n',
  ]);
  const where = await tactful(['runs', '--runs', folder, '--where', 'algorithm']);
  expect(where.err).toBe('error: --where: expected SETTING=VALUE, got "algorithm".\n');
  const action = await tactful(['runs', 'shw', '--runs', folder]);
  expect([action.code, action.err]).toEqual([
    2,
    'error: runs: expected list, show, diff, delete and export, got "shw". Did you mean "show"?\n',
  ]);
});

test('shows in which settings runs differ, and which files they read', async () => {
  const folder = await threeRuns();
  const { out } = await tactful(['runs', 'diff', 'a', 'b', '--runs', folder]);
  expect(out).toBe(
    [
      'setting                         a     b',
      'algorithm                     ppo  grpo',
      'model         google/flan-t5-base     –',
      'learningRate              0.00001     –',
      'loraTargets                   q,v     –',
      'They read different files: data',
      '',
    ].join('\n'),
  );
  const long = { promptTemplate: 'Summarise what they say to each other. '.repeat(5) };
  await log(join(folder, 'c'), started({ config: long }));
  const cut = await tactful(['runs', 'diff', 'a', 'c', '--runs', folder], { columns: 80 });
  for (const line of cut.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(cut.out).toContain('Summarise what they say to eac…');
  await log(join(folder, 'm'), started({ job: 'evaluate', config: { seed: 1, adapter: 'x' } }));
  const other = await tactful(['runs', 'diff', 'a', 'm', '--runs', folder]);
  expect(other.out).toMatch(
    /^setting +a +m\nmodel +google\/flan-t5-base +–\nadapter +– +x\nThey read different files: data\n$/,
  );
  const same = await tactful(['runs', 'diff', 'a', join(folder, 'a'), '--runs', folder]);
  expect(same.out).toBe('The same settings, and the same files.\n');
});

test('deletes what was said yes to, and nothing else', async () => {
  const folder = await threeRuns();
  const remove = (words: string[], stdin: string) =>
    tactful(['runs', 'delete', ...words, '--runs', folder], { stdin });
  const no = await remove(['a', 'b'], 'no\n');
  expect(no.out).toContain('Delete these 2 runs, with all files? yes/no\nNothing was deleted.');
  expect((await remove(['a'], '')).code).toBe(2);
  expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual([
    'a',
    'b',
    'versus',
  ]);
  const yes = await remove(['a'], 'yes\n');
  expect(yes.out).toContain(`deleted ${join(folder, 'a')}`);
  expect((await remove(['versus/plain', '--yes'], '')).code).toBe(0);
  expect(await readdir(folder)).toEqual(['b', 'versus']);
  expect(await readdir(join(folder, 'versus'))).toEqual([]);
});

test('no run is deleted that a process works in, nor a folder that is none', async () => {
  const folder = await threeRuns();
  await writeFile(join(folder, 'b/lock'), `${process.ppid}\n`);
  const held = await tactful(['runs', 'delete', 'b', '--yes', '--runs', folder]);
  expect(held.err).toContain(`expected nobody at work in it, got process ${process.ppid} at work`);
  const none = await tactful(['runs', 'delete', 'versus', '--yes', '--runs', folder]);
  expect(none.err).toContain('expected a run, got none');
  expect(await readdir(folder)).toEqual(['a', 'b', 'versus']);
});

test('writes runs as one table', async () => {
  const folder = await threeRuns();
  const path = join(folder, 'steps.jsonl');
  const steps = await tactful(['runs', 'export', '--runs', folder, '--output', path]);
  expect(steps.out).toBe(`${path}: 3 rows\n`);
  const rows = (await readFile(path, 'utf8')).trim().split('\n');
  expect(rows.map((row) => JSON.parse(row).run)).toEqual(['b', 'a', 'a']);
  const table = join(folder, 'rollouts.csv');
  const words = ['runs', 'export', '--runs', folder, '--table', 'rollouts', '--output', table];
  expect((await tactful(words)).out).toBe(`${table}: 2 rows\n`);
  expect(await readFile(table, 'utf8')).toMatch(
    /^run,step,row,id,query,response,.*\r\na,1,0,d0,prompt of q0/,
  );
  const none = await tactful([...words, '--state', 'running']);
  expect([none.code, none.err]).toEqual([
    2,
    'error: runs export: expected runs with rollouts, got none.\n',
  ]);
});
