/** `detox --versus`, as it is typed. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { flagName } from '../../src/cli/flags.ts';
import { runProgram } from '../../src/cli/program.ts';
import { tinySettings } from '../jobs/detox/tiny.ts';
import { fakeIo, tactful } from './io.ts';

let directory: string;
let words: string[];
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-versus-cli-'));
  const settings = Object.entries(await tinySettings(directory));
  const flags = settings.flatMap(([name, value]) => [flagName(name), `${value}`]);
  words = ['detox', ...flags, '--engine', 'onnxruntime', '--threads', '1', '--versus', 'compat'];
});
afterAll(() => rm(directory, { recursive: true }));

test('runs both ways, tells what differs, and keeps the settings that do it again', async () => {
  const { code, out, err } = await tactful([...words, '--output', at('both')], { columns: 200 });
  expect(err).toContain('100 % of all runs');
  expect(code).toBe(0);
  expect(out).toMatch(/^default \(run 1 of 2\)\n {2}toxicity .*\ntrl-0\.8\.0 \(run 2 of 2\)\n/);
  expect(out).toMatch(/\nWhat it costs\ntrl-0\.8\.0 {2}\S/);
  expect(out).toContain(`\nreport          ${at('both/report.md')}\n`);
  const settings = parse(await readFile(at('both/config.yaml'), 'utf8'));
  expect(settings).toMatchObject({ versus: 'compat', ablate: false, engine: 'onnxruntime' });
  const own = parse(await readFile(at('both/trl-0.8.0/config.yaml'), 'utf8'));
  expect(own).toMatchObject({ compat: 'trl-0.8.0', engine: 'onnxruntime' });
  expect(own).not.toHaveProperty('versus');
  const again = await tactful(['resume', at('both'), '--json', '--quiet']);
  expect(again.code).toBe(0);
  const { directory: folder, ...semantics } = JSON.parse(again.out);
  expect(folder).toBe(at('both'));
  expect(semantics).toEqual(JSON.parse(await readFile(at('both/versus.json'), 'utf8')));
  const sent = ['default', 'trl-0.8.0'].map((name) => `${at(join('both', name))}/`);
  const synced = await tactful(['sync', ...sent, '--store', 'tensorboard']);
  expect(synced).toMatchObject({ code: 0 });
  expect(synced.out).toMatch(/^(.* has (\d+) of \2 events\n){2}$/);
});

test('Ctrl-C says where it stopped and how to go on', async () => {
  const io = fakeIo({ columns: 200 });
  const write = io.stderr.write;
  io.stderr.write = (text) => {
    write(text);
    if (text.includes('trl-0.8.0: train')) io.signals.emit('SIGINT');
  };
  expect(await runProgram([...words, '--output', at('half')], io)).toBe(130);
  expect(io.out.join('')).toMatch(
    new RegExp(
      `\\nStopped in the run trl-0\\.8\\.0, 2 of 2\\.\\nGo on with:\\n  npx tactful resume ${at('half')}\\n$`,
    ),
  );
  const { code, out } = await tactful(['resume', at('half')]);
  expect(code).toBe(0);
  expect(out).toMatch(/^default \(run 1 of 2, finished before\)\n/);
});

test('refuses what does nothing beside it, and it beside what chooses the semantics', async () => {
  const refused = async (...more: string[]) => (await tactful([...words, ...more])).err;
  expect(await refused('--store', 'dynamodb')).toBe(
    'error: --store: expected a setting with an effect, got one that does nothing: --versus keeps all in its folder, and each run can be sent when it has ended, as in tactful sync runs/versus/*/ --store tensorboard. Leave it out.\n',
  );
  expect(await refused('--compat', 'trl-0.8.0')).toContain(
    'error: --compat: expected not given beside --versus, which runs both ways, got trl-0.8.0. Leave it out.\n',
  );
  const { err } = await tactful(['detox', '--ablate']);
  expect(err).toBe(
    'error: --ablate: expected a setting with an effect, got one that does nothing: --versus is not given. Leave it out.\n',
  );
});
