/** I/O: what a run came to, as far as it must not depend on who computed it. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobEvent } from '../../src/events.ts';
import { readEvents } from '../../src/store/event-log.ts';

/** Files that hold results, by hash, and the log without what a clock, a machine or a folder says. */
export async function outcomeOf(run: string) {
  const names = await readdir(run, { recursive: true });
  const results = /^((adapter|best|rollouts)\/.|(comparison|samples))/;
  const files = names.filter((name) => results.test(name)).sort();
  const hash = async (name: string) =>
    [
      name,
      createHash('sha256')
        .update(await readFile(join(run, name)))
        .digest('hex'),
    ] as const;
  const events = await readEvents(join(run, 'events.jsonl'));
  return {
    files: Object.fromEntries(await Promise.all(files.map(hash))),
    log: events.filter(({ type }) => told.has(type)).map(steady),
  };
}

/** What the driver of a run on workers has counted, as its log tells at its end. */
export async function countsOf(run: string) {
  const events = await readEvents<JobEvent>(join(run, 'events.jsonl'));
  const [told, { type }] = events.slice(-2);
  if (told.type !== 'machines' || type !== 'finished') throw new Error(`${run} tells no counts`);
  const { counted, late } = told;
  return { counted, late };
}

/** Events that tell of results. */
const told = new Set(['evaluated', 'calibrated', 'step', 'compared', 'guarded']);

function steady(event: object): object {
  const { metrics, ...rest } = event as { metrics?: Record<string, number> };
  if (!metrics) return rest;
  const kept = Object.entries(metrics).filter(([name]) => !/^(time|machines)\//.test(name));
  return { ...rest, metrics: Object.fromEntries(kept) };
}
