import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.ts';
import { openLog, readEvents } from '../../src/store/event-log.ts';

const step = (number: number, note = ''): RunEvent => ({
  type: 'step',
  step: number,
  steps: 9,
  metrics: { 'objective/kl': number / 3, [note]: -1e-300 },
});
const started = { type: 'started', runId: 'a' } as RunEvent;

async function open() {
  const path = join(await mkdtemp(join(tmpdir(), 'tactful-log-')), 'deep', 'events.jsonl');
  const log = await openLog(path);
  return { path, append: log.append, read: () => readEvents(path), close: log.close };
}

test('events come back as they were, in the order of append', async () => {
  const { append, read } = await open();
  const events = [step(1, 'line\nbreak\u2028 "quoted" 안녕 \u{1f600}'), step(2), step(3)];
  for (const event of events) await append(event);
  expect(await read()).toEqual(events);
});

test('appends that do not wait for each other keep their order, and closing waits for them', async () => {
  const { append, read, close } = await open();
  const events = Array.from({ length: 50 }, (_, i) => step(i));
  for (const event of events) append(event).catch(() => {});
  await close();
  expect(await read()).toEqual(events);
});

test('a log that nobody wrote has no events, and progress is not kept', async () => {
  const { path, append, read } = await open();
  expect(await read()).toEqual([]);
  await append({ type: 'progress', phase: 'generate', done: 1, total: 2 });
  expect(await read()).toEqual([]);
  await expect(readFile(path)).rejects.toThrow('ENOENT');
});

test('a resumed event takes back what came after its step', async () => {
  const { append, read } = await open();
  const evaluated = (when: 'before' | 'after') => ({ type: 'evaluated', when }) as RunEvent;
  const checkpoint: RunEvent = { type: 'checkpoint', step: 1, path: 'checkpoints/step-000001' };
  const calibrated: RunEvent = { type: 'calibrated', n: 1, mean: 0, std: 1 };
  const resumed = (number: number) => ({ type: 'resumed', step: number }) as RunEvent;
  const stopped: RunEvent = { type: 'stopped', step: 2, reason: 'interrupted' };
  const machines = (number: number) => ({ type: 'machines', step: number }) as RunEvent;
  const kept = [started, evaluated('before'), calibrated, step(1), machines(1), checkpoint];
  const lost = [step(2), machines(2), stopped, evaluated('after')];
  for (const event of [...kept, ...lost, resumed(1)]) await append(event);
  expect(await read()).toEqual([...kept, resumed(1)]);
  for (const event of [step(2), resumed(1), step(2)]) await append(event);
  expect(await read()).toEqual([...kept, resumed(1), resumed(1), step(2)]);
  await append(resumed(0));
  expect(await read()).toEqual([started, evaluated('before'), resumed(0)]);
});

test('a job that starts again has only what comes then', async () => {
  const { append, read } = await open();
  for (const event of [started, step(1), started, step(1)]) await append(event);
  expect(await read()).toEqual([started, step(1)]);
});

test.each(['null', '5', '[]', '{"step":1}'])(
  'a line that is JSON and no event is named: %s',
  async (line) => {
    const { path, append, read } = await open();
    for (const event of [started, step(1)]) await append(event);
    await writeFile(path, (await readFile(path, 'utf8')).replace('\n', `\n${line}\n`));
    await expect(read()).rejects.toThrow(
      `${path} line 2: expected an event as JSON, got "${line}". Mend`,
    );
  },
);
