/** The files inside a torch file, to look at and to put together anew. */
import { zip } from '../install/zip.ts';

/** Name in the folder, and content, of each file, in the order of the zip's directory. */
export function unzipStored(bytes: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let at = bytes.readUInt32LE(bytes.lastIndexOf('PK\x05\x06') + 16);
  while (bytes.toString('latin1', at, at + 4) === 'PK\x01\x02') {
    const [name, extra, comment] = [28, 30, 32].map((place) => bytes.readUInt16LE(at + place));
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const title = bytes.toString('utf8', at + 46, at + 46 + name);
    files.set(
      title.slice(title.indexOf('/') + 1),
      bytes.subarray(start, start + bytes.readUInt32LE(at + 24)),
    );
    at += 46 + name + extra + comment;
  }
  return files;
}

/** One of them. */
export function stored(bytes: Buffer, name: string): Buffer {
  return unzipStored(bytes).get(name)!;
}

/** A torch file of such files, none of them aligned. */
export function torchZip(
  files: ReadonlyMap<string, string | Uint8Array>,
  { compressed = [], zip64 = false }: { compressed?: readonly string[]; zip64?: boolean } = {},
): Buffer {
  return zip(
    [...files].map(([name, data]) => {
      return { name: `archive/${name}`, data, stored: !compressed.includes(name), zip64 };
    }),
  );
}
