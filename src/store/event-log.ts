/** I/O: one run's `events.jsonl`, which grows line by line and survives a crash at any byte. */
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unlessMissing, writeWhole } from '../disk/whole-file.ts';
import { InputError } from '../errors.ts';
import type { RunEvent } from '../events.ts';
import { isKept, withEvent } from './store.ts';

export interface EventLog {
  /** On disk when the promise resolves. Writes of one process never mix. */
  append(event: RunEvent): Promise<void>;
  close(): Promise<void>;
}

/** Opens a log to append to, after cutting off what a crash left half written. */
export async function openLog(path: string): Promise<EventLog> {
  await mkdir(dirname(path), { recursive: true });
  let file = await openMended(path);
  const enqueue = queue();
  const append = async (event: RunEvent) => {
    const before = beginsAgain(event) ? await readEvents(path) : [];
    const after = withEvent(before, event);
    if (after.length <= before.length) {
      await file.close();
      await writeWhole(path, after.map(lineOf).join(''));
      file = await open(path, 'a');
    } else {
      await file.appendFile(lineOf(event));
      await file.datasync();
    }
  };
  return {
    append: (event) => enqueue(async () => (isKept(event) ? append(event) : undefined)),
    close: () => enqueue(() => file.close()),
  };
}

/**
 * Events of an `events.jsonl`; none when there is no such file. A last line that is no JSON was cut
 * off by a crash and is left out.
 * @throws {InputError} when a line before the last one is no JSON
 */
export async function readEvents(path: string): Promise<RunEvent[]> {
  const content = await readFile(path).catch(unlessMissing(Buffer.alloc(0)));
  return parseLog(path, content).events;
}

async function openMended(path: string): Promise<FileHandle> {
  const content = await readFile(path).catch(unlessMissing(Buffer.alloc(0)));
  const { end, terminated } = parseLog(path, content);
  const file = await open(path, 'a');
  if (end < content.length) await file.truncate(end);
  if (!terminated) await file.appendFile('\n');
  return file;
}

function beginsAgain({ type }: RunEvent): boolean {
  return type === 'started' || type === 'resumed';
}

function lineOf(event: RunEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** One thing after the other; what fails rejects its own caller and holds nobody up. */
export function queue(): (work: () => Promise<void>) => Promise<void> {
  let last = Promise.resolve();
  return (work) => {
    last = last.catch(() => {}).then(work);
    return last;
  };
}

/** Events, where the intact part ends (bytes), and whether a line feed ends it. */
function parseLog(path: string, content: Buffer) {
  const events: RunEvent[] = [];
  let start = 0;
  let terminated = true;
  while (start < content.length) {
    const feed = content.indexOf(0x0a, start);
    const next = feed < 0 ? content.length : feed + 1;
    const line = content.toString('utf8', start, next).trim();
    try {
      if (line !== '') events.push(JSON.parse(line));
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
