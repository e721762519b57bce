/** I/O: a job's `events.jsonl`, which grows line by line and survives a crash at any byte. */
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unlessMissing, writeFileAtomic } from '../disk/atomic.ts';
import { InputError } from '../errors.ts';
import type { JobEvent, RunEvent } from '../events.ts';
import { inNewWords } from './old-comparison.ts';

export interface EventLog {
  /** On disk when the promise resolves; progress is not kept. Writes of one process never mix. */
  append(event: JobEvent): Promise<void>;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/**
 * Opens a log to append to, after cutting off what a crash left half written. `resumed` takes back what
 * came after its step, and `started` all: the log then reads like that of a job never stopped.
 */
export async function openLog(path: string): Promise<EventLog> {
  await mkdir(dirname(path), { recursive: true });
  await mend(path);
  let last = Promise.resolve();
  const append = async (event: JobEvent) => {
    const before = beginsAgain(event) ? await readEvents<JobEvent>(path) : [];
    const after = withEvent(before, event);
    if (after.length <= before.length) return writeFileAtomic(path, after.map(lineOf).join(''));
    // opened each time: the folder may have changed places meanwhile
    const file = await open(path, 'a');
    try {
      await file.appendFile(lineOf(event));
      await file.datasync();
    } finally {
      await file.close();
    }
  };
  return {
    append(event) {
      if (event.type === 'progress') return last;
      // what fails rejects its own caller and holds nobody up
      last = last.catch(() => {}).then(() => append(event));
      return last;
    },
    close: () => last.catch(() => {}),
  };
}

/**
 * Events of an `events.jsonl`, those of earlier versions in the words of this one; none when there is
 * no such file. A last line that is no JSON was cut off by a crash and is left out.
 * @throws {InputError} when a line before the last one is no event
 */
export async function readEvents<Event extends JobEvent = RunEvent>(
  path: string,
): Promise<Event[]> {
  const content = await readFile(path).catch(unlessMissing(Buffer.alloc(0)));
  return parseLog(path, content).events.map(inNewWords) as Event[];
}

/** A job's events with one more, which may take back some. */
export function withEvent<Event extends JobEvent>(events: readonly Event[], event: Event): Event[] {
  if (event.type === 'started') return [event];
  if (event.type !== 'resumed') return [...events, event];
  const { step } = event;
  const kept = events.findLastIndex((one) => one.type === 'checkpoint' && one.step === step);
  const stays = (earlier: Event, i: number) =>
    isBy(step, earlier) && !(kept >= 0 && i > kept && isMeasurement(earlier));
  return [...events.filter(stays), event];
}

/** Whether it came of a measurement after a step, which a checkpoint of that step may lack. */
function isMeasurement({ type }: JobEvent): boolean {
  return type === 'validated' || type === 'checked' || type === 'guarded';
}

/** Whether an event had happened when a step had been done and kept. */
function isBy(step: number, event: JobEvent): boolean {
  switch (event.type) {
    case 'started':
      return true;
    case 'evaluated':
      return event.when === 'before';
    case 'calibrated':
      return step > 0;
    case 'step':
    case 'validated':
    case 'checked':
    case 'guarded':
    case 'checkpoint':
    case 'resumed':
    case 'machines':
      return event.step <= step;
    default:
      return false;
  }
}

async function mend(path: string): Promise<void> {
  const content = await readFile(path).catch(unlessMissing(Buffer.alloc(0)));
  const { end, terminated } = parseLog(path, content);
  if (end === content.length && terminated) return;
  const file = await open(path, 'a');
  try {
    await file.truncate(end);
    if (!terminated) await file.appendFile('\n');
  } finally {
    await file.close();
  }
}

function beginsAgain({ type }: JobEvent): boolean {
  return type === 'started' || type === 'resumed';
}

function lineOf(event: JobEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** @throws when it is no event */
export function parseEvent(line: string): JobEvent {
  const event: unknown = JSON.parse(line);
  const isEvent = typeof event === 'object' && event !== null && 'type' in event;
  if (!isEvent) throw new TypeError('an event has a type');
  return event as JobEvent;
}

/** Events, where the intact part ends (bytes), and whether a line feed ends it. */
function parseLog(path: string, content: Buffer) {
  const events: JobEvent[] = [];
  let start = 0;
  let terminated = true;
  while (start < content.length) {
    const feed = content.indexOf(0x0a, start);
    const next = feed < 0 ? content.length : feed + 1;
    const line = content.toString('utf8', start, next).trim();
    try {
      if (line !== '') events.push(parseEvent(line));
    } catch (cause) {
      if (next === content.length) break;
      const where = `${path} line ${content.toString('utf8', 0, start).split('\n').length}`;
      const remedy = 'Mend or remove the line.';
      throw new InputError(where, 'an event as JSON', `"${line.slice(0, 40)}"`, remedy, cause);
    }
    start = next;
    terminated = feed >= 0;
  }
  return { events, end: start, terminated };
}
