/** I/O: a run's log, read on as it grows, though it may be cut off and written anew. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { unlessMissing } from '../disk/atomic.ts';

/** A line of a log. */
export interface TailLine {
  /** `N-HASH`: its place, from 1, and a hash of the log up to here. */
  readonly id: string;
  /** The event, as JSON. */
  readonly text: string;
}

/** What came since the last look. */
export interface TailNews {
  /** The log no longer reads as it did: `lines` are all of it. */
  readonly anew: boolean;
  readonly lines: readonly TailLine[];
}

const feed = 0x0a;

/** @returns tells of each look at the log what is new; a line that is being written comes later */
export function openTail(path: string): () => Promise<TailNews> {
  /** `last` is the last line that was told, with its feed: a log that goes on still has it. */
  const beginning = () => ({
    offset: 0,
    last: Buffer.alloc(0) as Buffer,
    count: 0,
    hash: createHash('sha256'),
  });
  let at = beginning();

  function* taken(bytes: Buffer): Generator<TailLine> {
    for (let start = 0, end = bytes.indexOf(feed); end >= 0; end = bytes.indexOf(feed, start)) {
      at.last = bytes.subarray(start, end + 1);
      at.offset += at.last.length;
      start = end + 1;
      at.hash.update(at.last);
      const text = at.last.toString().trim();
      if (text === '') continue;
      yield { id: `${++at.count}-${at.hash.copy().digest('hex').slice(0, 12)}`, text };
    }
  }

  return async () => {
    const file = await open(path).catch(unlessMissing(undefined));
    const told = at.count > 0;
    try {
      const { offset, last } = at;
      const bytes = file && (await readFrom(file, offset - last.length));
      if (bytes?.subarray(0, last.length).equals(last))
        return { anew: false, lines: [...taken(Buffer.from(bytes.subarray(last.length)))] };
      at = beginning();
      return { anew: told, lines: file ? [...taken(await readFrom(file, 0))] : [] };
    } finally {
      await file?.close();
    }
  };
}

async function readFrom(file: FileHandle, offset: number): Promise<Buffer> {
  const { size } = await file.stat();
  const bytes = Buffer.alloc(Math.max(0, size - offset));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
  return bytes.subarray(0, bytesRead);
}
