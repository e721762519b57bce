import { appendFile, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type { ComparisonRow } from '../../src/comparison.ts';
import type { RunEvent } from '../../src/events.ts';
import { detoxKind } from '../../src/jobs/detox/detox.ts';
import { detoxFiles } from '../../src/jobs/detox/files.ts';
import { openFolder } from '../../src/jobs/folder.ts';
import { comparisonColumns } from '../../src/store/csv.ts';
import { readEvents } from '../../src/store/event-log.ts';
import { started } from '../report/comparison.ts';

const config = {
  seed: 7,
  learningRate: 1.41e-5,
  policy: { base: 'google/flan-t5-base', note: 'yes' },
};
const parent = () => mkdtemp(join(tmpdir(), 'tactful-run-'));
/** A new run in a folder, or with `resume` the one that is there. */
async function open(directory: string, { resume = false } = {}) {
  const { folder } = await openFolder(directory, detoxKind, resume);
  if (!folder) throw new Error();
  if (!resume) await folder.writeBeginning(started, config);
  return folder;
}
const files = (directory: string) => {
  const card = { version: '1', prompt: '' };
  return detoxFiles(directory, { lora: undefined, valueHeadFile: 'value_head.safetensors', card })!;
};
const step = (number: number): RunEvent => ({ type: 'step', step: number, steps: 3, metrics: {} });

const rows: ComparisonRow[] = [
  {
    query: 'Summarize:\n#Person1#: "Hi", she said.\r\n\n안녕 \u{1f600}',
    response_before: 'plain',
    response_after: '',
    reward_before: -1.25,
    reward_after: 1e-7,
    reward_diff: 1.2500001,
    toxicity_before: 0.75,
    toxicity_after: 0.25,
    rouge1_before: 0.5,
    rouge1_after: 0,
    id: 'one',
    group: 'rude',
    references: ['a "clean" one'],
  },
  {
    query: 'a,b',
    response_before: '"',
    response_after: ' spaces ',
    reward_before: 0,
    reward_after: -2,
    reward_diff: -2,
    toxicity_before: 0.5,
    toxicity_after: 0.125,
    id: 'two',
    references: ['first', 'second'],
  },
];

test('a new run folder holds the settings as they were given, and that it started', async () => {
  const directory = join(await parent(), 'deep', 'run');
  const run = await open(directory);
  expect(parseYaml(await readFile(join(directory, 'config.yaml'), 'utf8'))).toEqual(config);
  expect(await run.events()).toEqual([started]);
  await run.close();
});

test('a file in the place of the folder is an error that says so', async () => {
  const file = join(await parent(), 'file');
  await writeFile(file, '');
  for (const directory of [file, join(file, 'run')]) {
    const message = `run folder ${directory}: expected a folder to write to, got a file in its place. Name another folder by \`output\`.`;
    await expect(open(directory)).rejects.toThrow(message);
  }
});

test('an appended event is on disk, one line each, and progress is not', async () => {
  const directory = await parent();
  const run = await open(directory);
  await run.append(step(1));
  await run.append({ type: 'progress', phase: 'generate', done: 1, total: 2 });
  await run.append(step(2));
  const text = await readFile(join(directory, 'events.jsonl'), 'utf8');
  const lines = [started, step(1), step(2)].map((event) => `${JSON.stringify(event)}\n`);
  expect(text).toBe(lines.join(''));
  await run.close();
  expect(await readEvents(join(directory, 'events.jsonl'))).toEqual([started, step(1), step(2)]);
});

test('a last line torn at any byte is left out, and everything before it is intact', async () => {
  const directory = await parent();
  const path = join(directory, 'events.jsonl');
  const event: RunEvent = { type: 'stopped', step: 1, reason: '안녕 "\u{1f600}"' };
  const line = Buffer.from(JSON.stringify(event));
  for (let cut = 1; cut < line.length; cut++) {
    const torn = line.subarray(0, cut);
    await writeFile(path, Buffer.concat([Buffer.from(`${JSON.stringify(step(1))}\n`), torn]));
    expect(await readEvents(path)).toEqual([step(1)]);
  }
});

test.each([
  ['a torn line', '{"type":"sto', [step(1)]],
  ['zeros', '\0\0\0\0', [step(1)]],
  ['a whole line without its line feed', JSON.stringify(step(2)), [step(1), step(2)]],
])('a run that a crash left with %s goes on after its last whole event', async (_, tail, kept) => {
  const directory = await parent();
  const run = await open(directory);
  await run.append(step(1));
  await run.close();
  await appendFile(join(directory, 'events.jsonl'), tail);
  const resumed = await open(directory, { resume: true });
  await resumed.append(step(3));
  expect(await resumed.events()).toEqual([started, ...kept, step(3)]);
  await resumed.close();
});

test('a resumed run keeps the settings of its first start', async () => {
  const directory = await parent();
  await (await open(directory)).close();
  const path = join(directory, 'config.yaml');
  const before = await readFile(path, 'utf8');
  const resumed = await open(directory, { resume: true });
  await resumed.close();
  expect(await readFile(path, 'utf8')).toBe(before);
});

test('a broken line before the last one is an error that names it', async () => {
  const path = join(await parent(), 'events.jsonl');
  await writeFile(path, `${JSON.stringify(step(1))}\nbroken\n${JSON.stringify(step(2))}\n`);
  await expect(readEvents(path)).rejects.toThrow(
    `${path} line 2: expected an event as JSON, got "broken". Mend or remove the line.`,
  );
});

test('a folder that holds a run, or anything else, is refused', async () => {
  const directory = await parent();
  await (await open(directory)).close();
  await expect(open(directory)).rejects.toThrow(
    `run folder ${directory}: expected a new or empty folder, got one that already holds a run. ` +
      `Name another folder by \`output\`, or go on: npx tactful resume ${directory}`,
  );
  const spaced = join(await parent(), 'my runs');
  await mkdir(spaced);
  await (await open(spaced)).close();
  await expect(open(spaced)).rejects.toThrow(`npx tactful resume '${spaced}'`); // as a shell reads it
  const other = await parent();
  await mkdir(join(other, 'thesis'));
  await expect(open(other)).rejects.toThrow('got one that holds thesis.');
  expect(await readdir(other)).toEqual(['thesis']);
});

test('the comparison reads back from both its files', async () => {
  const directory = await parent();
  const run = await open(directory);
  await files(directory).writeComparison(rows);
  await run.close();
  const lines = (await readFile(join(directory, 'comparison.jsonl'), 'utf8')).split('\n');
  expect(lines.slice(0, -1).map((line) => JSON.parse(line))).toEqual(rows);

  const table = await readFile(join(directory, 'comparison.csv'), 'utf8');
  const [header, ...records] = parseCsv(table, { record_delimiter: '\r\n' }) as string[][];
  expect(header).toEqual([...comparisonColumns]);
  expect(records).toEqual(rows.map((row) => comparisonColumns.map((name) => cellOf(row[name]))));
});

/** Of what is not there, nothing; texts of a list have a blank line between. */
function cellOf(value: unknown): string {
  return Array.isArray(value) ? value.join('\n\n') : String(value ?? '');
}

test('fields are quoted only where RFC 4180 asks for it', async () => {
  const directory = await parent();
  const run = await open(directory);
  await files(directory).writeComparison(rows.slice(1));
  await run.close();
  expect(await readFile(join(directory, 'comparison.csv'), 'utf8')).toBe(
    'query,response_before,response_after,reward_before,reward_after,reward_diff,' +
      'toxicity_before,toxicity_after,rouge1_before,rouge1_after,id,group,references\r\n' +
      '"a,b","""", spaces ,0,-2,-2,0.5,0.125,,,two,,"first\n\nsecond"\r\n',
  );
});

test('a whole file is replaced at once and leaves no temporary file', async () => {
  const directory = await parent();
  const run = await open(directory);
  await run.writeReports({ 'report.md': '# one' });
  await run.writeReports({ 'report.md': '# two' });
  await run.close();
  expect(await readFile(join(directory, 'report.md'), 'utf8')).toBe('# two');
  expect((await readdir(directory)).sort()).toEqual(['config.yaml', 'events.jsonl', 'report.md']);
});

test('a whole file that cannot be written leaves no temporary file', async () => {
  const directory = await parent();
  const run = await open(directory);
  await mkdir(join(directory, 'report.md'));
  await expect(run.writeReports({ 'report.md': '# one' })).rejects.toThrow();
  await run.close();
  expect((await readdir(directory)).sort()).toEqual(['config.yaml', 'events.jsonl', 'report.md']);
});

test('a run folder is locked while it is open', async () => {
  const directory = await parent();
  const run = await open(directory);
  expect(await readdir(directory)).toContain('lock');
  await run.close();
  expect(await readdir(directory)).not.toContain('lock');
  await writeFile(join(directory, 'lock'), `${process.ppid}\n`);
  await expect(open(directory, { resume: true })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await writeFile(join(directory, 'lock'), '');
  await (await open(directory, { resume: true })).close();
});

test('a run folder that cannot be opened is not left locked', async () => {
  const directory = await parent();
  await writeFile(join(directory, 'config.yaml'), 'steps: 1\n');
  await writeFile(join(directory, 'events.jsonl'), 'no event\n{}\n');
  await expect(open(directory, { resume: true })).rejects.toThrow('expected an event');
  expect(await readdir(directory)).not.toContain('lock');
});
