/** I/O: what has come to an `events.jsonl` since it was last read, without reading the rest again. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { JobEvent } from '../events.ts';
import { parseEvent } from './event-log.ts';
import { inNewWords } from './old-comparison.ts';

/** How far a log was read: to the end of a line. Plain data. */
export interface LogMark {
  /** Bytes to there, and of the last line among them. */
  readonly bytes: number;
  readonly lineBytes: number;
  /** Of that line: where the log reads otherwise, it was written anew. */
  readonly hash: string;
}

export interface LogTail {
  /** Those after the mark, or all. A line that is no event is left out. */
  readonly events: readonly JobEvent[];
  readonly mark: LogMark;
  /** The log no longer reads as it did at the mark, or there was none: these are all events. */
  readonly anew: boolean;
}

const beginning: LogMark = { bytes: 0, lineBytes: 0, hash: '' };

/**
 * Reads the whole lines after a mark.
 * @throws the system's error, when there is no such file
 */
export async function readLogTail(path: string, from: LogMark = beginning): Promise<LogTail> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (start: number, length: number) => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
      return buffer.subarray(0, bytesRead);
    };
    const last = from.bytes <= size ? await read(from.bytes - from.lineBytes, from.lineBytes) : '';
    const stands = from.bytes > 0 && hashOf(last) === from.hash;
    const start = stands ? from.bytes : 0;
    const more = await read(start, size - start);
    const whole = more.subarray(0, more.lastIndexOf(0x0a) + 1);
    if (whole.length === 0) {
      return { events: [], mark: stands ? from : beginning, anew: !stands };
    }
    const line = whole.subarray(whole.lastIndexOf(0x0a, -2) + 1);
    const mark = { bytes: start + whole.length, lineBytes: line.length, hash: hashOf(line) };
    return { events: eventsOf(whole.toString()), mark, anew: !stands };
  } finally {
    await file.close();
  }
}

function hashOf(line: Uint8Array | string): string {
  return createHash('sha256').update(line).digest('base64url').slice(0, 22);
}

function eventsOf(text: string): JobEvent[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line.trim() === '' ? [] : [inNewWords(parseEvent(line))];
    } catch {
      return [];
    }
  });
}
