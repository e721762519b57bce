/** Reads zip files that come from elsewhere: what they say is checked before it is used. I/O. */
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { InputError } from '../errors.ts';
import { readingOf } from './words.ts';

/** A zip file whose list of contents has been read and checked. */
export interface ZipArchive {
  /** Files by name, without folders. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * First byte of a stored file, counted from the start of the zip.
   * @throws {InputError} when it is packed, or does not lie within the zip
   */
  offset(entry: ZipEntry): Promise<number>;
  /**
   * The unpacked bytes, in pieces, never more than the entry's size; checked against their CRC.
   * @throws {InputError} when they cannot be had whole
   */
  read(entry: ZipEntry): AsyncGenerator<Uint8Array, void>;
  /**
   * The unpacked bytes at once.
   * @throws {InputError} when they cannot be had whole
   */
  readAll(entry: ZipEntry): Promise<Uint8Array>;
  close(): void;
}

/** A file in a zip. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes when unpacked, and as they lie in the zip. */
  readonly size: number;
  readonly packed: number;
  readonly entry: Entry;
}

/** What a caller expects of a zip, and says when it is otherwise. */
export interface ZipOptions {
  /** The file's name in messages. @default its path */
  readonly where?: string;
  /** What to do about a zip that is refused. @default '' */
  readonly remedy?: string;
  /** @default 100,000 */
  readonly mostEntries?: number;
}

const stored = 0;
const pieceBytes = 2 ** 16;

/**
 * Opens a zip and reads its list of contents.
 * @throws {InputError} when it is no zip; or holds links, names that lead out of a folder or occur
 *   twice, encrypted files, or too many of them
 */
export async function openZip(
  path: string,
  { where = path, remedy = '', mostEntries = 100_000 }: ZipOptions = {},
): Promise<ZipArchive> {
  const refuse = (expected: string, got: string, cause?: unknown) =>
    new InputError(where, expected, got, remedy, cause);
  const zip = await zipFile(path).catch((cause: Error) => {
    const isOther = /^End of central directory/.test(cause.message);
    const { got } = readingOf(cause);
    throw refuse('a zip file', isOther ? 'another one, or a part of one' : got, cause);
  });
  try {
    if (zip.entryCount > mostEntries) {
      throw refuse(`at most ${mostEntries} files`, `${zip.entryCount}`);
    }
    return archive(zip, await entriesOf(zip, refuse), refuse);
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function zipFile(path: string): Promise<ZipFile> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const options = { autoClose: false, strictFileNames: true };
    return await fromRandomAccessReaderPromise(new FileReader(file, size), size, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** yauzl's own reader (3.4.0) throws where nobody can catch it when a zip names a place beyond 2^53. */
class FileReader extends RandomAccessReader {
  readonly #file: FileHandle;
  readonly #size: number;

  constructor(file: FileHandle, size: number) {
    super();
    this.#file = file;
    this.#size = size;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.#read(buffer.subarray(offset, offset + length), position).then(
      (bytesRead) => callback(null, bytesRead),
      callback,
    );
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#pieces(start, end));
  }

  override close(callback: (error: Error | null) => void): void {
    this.#file.close().then(() => callback(null), callback);
  }

  async *#pieces(start: number, end: number): AsyncGenerator<Uint8Array, void> {
    for (let at = start; at < end; at += pieceBytes) {
      const piece = Buffer.alloc(Math.min(pieceBytes, end - at));
      await this.#read(piece, at);
      yield piece;
    }
  }

  async #read(buffer: Uint8Array, position: number): Promise<number> {
    const end = position + buffer.length;
    if (end > this.#size) throw new Error(`byte ${end} of a file of ${this.#size}`);
    return (await this.#file.read(buffer, 0, buffer.length, position)).bytesRead;
  }
}

type Refuse = (expected: string, got: string, cause?: unknown) => InputError;

async function entriesOf(zip: ZipFile, refuse: Refuse): Promise<Map<string, ZipEntry>> {
  const expected = 'plain files with names below it';
  const entries = new Map<string, ZipEntry>();
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileName: name, uncompressedSize: size, compressedSize: packed } = entry;
      const type = (entry.externalFileAttributes >>> 16) & 0o170000;
      if (type === 0o120000) throw refuse(expected, `a link: ${shown(name)}`);
      if (entry.isEncrypted()) throw refuse(expected, `an encrypted file: ${shown(name)}`);
      if (name.endsWith('/')) continue;
      if (entries.has(name)) throw refuse('each name once', `${shown(name)} twice`);
      entries.set(name, { name, size, packed, entry });
    }
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw refuse(expected, (cause as Error).message, cause);
  }
  return entries;
}

function archive(zip: ZipFile, entries: ReadonlyMap<string, ZipEntry>, refuse: Refuse): ZipArchive {
  return {
    entries,
    async offset({ name, size, packed, entry }) {
      if (entry.compressionMethod !== stored || size !== packed) {
        throw refuse(`${shown(name)} stored as it is`, 'it compressed');
      }
      const header = await zip
        .readLocalFileHeaderPromise(entry, { minimal: true })
        .catch((cause) => {
          throw refuse(`${shown(name)} whole`, (cause as Error).message, cause);
        });
      return header.fileDataStart; // yauzl has checked that the file ends within the zip
    },
    async *read({ name, size, entry }) {
      let [left, check] = [size, 0];
      try {
        for await (const piece of await zip.openReadStreamPromise(entry)) {
          const bytes = piece as Uint8Array;
          left -= bytes.length;
          if (left < 0) throw new Error(`more than ${size} bytes`);
          check = crc32(bytes, check);
          yield bytes;
        }
        if (left > 0) throw new Error(`${left} bytes less than ${size}`);
        if (check !== entry.crc32)
          throw new Error('other bytes than were packed (the CRC differs)');
      } catch (cause) {
        throw refuse(`${shown(name)} whole`, (cause as Error).message, cause);
      }
    },
    async readAll(file) {
      const pieces: Uint8Array[] = [];
      for await (const piece of this.read(file)) pieces.push(piece);
      return Buffer.concat(pieces);
    },
    close: () => zip.close(),
  };
}

/** A name in a message, cut. */
function shown(name: string): string {
  return name.slice(0, 100);
}
