/** Reads state dicts that `torch.save` wrote (PyTorch 1.6 and later), and runs nothing of them. I/O. */
import { open } from 'node:fs/promises';
import { refusePointer } from '../disk/lfs.ts';
import { unread } from '../disk/words.ts';
import { openZip, type ZipArchive } from '../disk/zip.ts';
import { InputError } from '../errors.ts';
import { convert } from './pickle.ts';
import type { TensorFile } from './safetensors.ts';
import { elementBytes, type TensorEntry } from './safetensors-header.ts';
import { parseStateDict, type Storage, type StoredTensor } from './state-dict.ts';

/**
 * Reads and checks what a file says of its tensors; they themselves are not read. The file is a zip
 * with a pickle of names and shapes and, uncompressed, one run of elements a storage, so that each
 * tensor's bytes have a place in the file.
 * @throws {UnavailableError} when the file cannot be opened
 * @throws {InputError} when it is anything but a state dict in this layout; nothing of it has run
 */
export async function openTorchFile(path: string): Promise<TensorFile> {
  await refuseOtherLayouts(path);
  const zip = await openZip(path, { remedy: convert });
  try {
    const folder = folderOf(zip, path);
    await checkByteOrder(zip, folder, path);
    const pickle = await bytesOf(zip, `${folder}/data.pkl`, path);
    const offsets = new Map<string, number>();
    const tensors = new Map<string, TensorEntry>();
    for (const [name, tensor] of parseStateDict(pickle, path)) {
      const { storage } = tensor;
      const key = `${storage.key} ${storage.dtype} ${storage.elements}`;
      const offset = offsets.get(key) ?? (await offsetOf(zip, folder, storage, path));
      offsets.set(key, offset);
      tensors.set(name, entryOf(tensor, offset));
    }
    return { path, tensors };
  } finally {
    zip.close();
  }
}

/** First bytes of the layouts that came before the zip, and of pickles without tensors' files. */
async function refuseOtherLayouts(path: string): Promise<void> {
  const start = await firstBytes(path, 512);
  refusePointer(start, path);
  const begins = (...bytes: number[]) => bytes.every((byte, i) => start[i] === byte);
  const is =
    begins(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46) ||
    start.toString('latin1', 257, 262) === 'ustar'
      ? 'the layout of PyTorch before 1.6'
      : begins(0x80)
        ? 'a bare pickle'
        : start.length === 0
          ? 'an empty file'
          : undefined;
  if (is !== undefined) throw wrong(path, 'a file of torch.save (a zip)', is);
}

async function firstBytes(path: string, most: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(most), 0, most, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unread(path, cause);
  }
}

/** The one folder that all lies in. */
function folderOf({ entries }: ZipArchive, path: string): string {
  const found = [...entries.keys()].flatMap((name) => /^([^/]+)\/data\.pkl$/.exec(name)?.[1] ?? []);
  if (found.length !== 1) {
    throw wrong(path, 'one data.pkl in the zip', found.length === 0 ? 'none' : `${found.length}`);
  }
  const [folder] = found;
  if (entries.has(`${folder}/constants.pkl`)) {
    throw wrong(path, 'a state dict', 'a TorchScript program');
  }
  return folder;
}

/** Files from before PyTorch 2.1 do not say it, and are little-endian. */
async function checkByteOrder(zip: ZipArchive, folder: string, path: string): Promise<void> {
  const name = `${folder}/byteorder`;
  if (zip.entries.has(name)) {
    const order = Buffer.from(await bytesOf(zip, name, path)).toString('latin1');
    if (order !== 'little') throw wrong(path, 'little-endian numbers', `${order.slice(0, 20)}`);
  }
  const version = `${folder}/version`;
  if (zip.entries.has(version)) {
    const text = Buffer.from(await bytesOf(zip, version, path)).toString('latin1');
    if (!/^([1-9]|10)\n?$/.test(text)) {
      throw wrong(path, 'version 1 to 10 of the layout', JSON.stringify(text.slice(0, 20)));
    }
  }
}

/** A whole file of the zip that is stored as it is: as large as it says, and no larger than the zip. */
async function bytesOf(zip: ZipArchive, name: string, path: string): Promise<Uint8Array> {
  const entry = zip.entries.get(name);
  if (!entry) throw wrong(path, name, 'none in the zip');
  await zip.offset(entry);
  return zip.readAll(entry);
}

async function offsetOf(
  zip: ZipArchive,
  folder: string,
  { key, dtype, elements }: Storage,
  path: string,
): Promise<number> {
  const name = `${folder}/data/${key}`;
  const entry = zip.entries.get(name);
  const bytes = elements * elementBytes[dtype];
  if (!entry) throw wrong(path, `the storage ${name.slice(0, 100)}`, 'none in the zip');
  if (entry.size < bytes) {
    const expected = `${bytes} bytes for ${elements} elements of ${dtype} in ${name.slice(0, 100)}`;
    throw wrong(path, expected, `${entry.size}`);
  }
  return zip.offset(entry);
}

function entryOf({ storage, start, shape, strides }: StoredTensor, offset: number): TensorEntry {
  const { dtype } = storage;
  const width = elementBytes[dtype];
  const place = {
    dtype,
    shape,
    offset: offset + start * width,
    length: shape.reduce((product, dim) => product * dim, width),
  };
  return isRowMajor(shape, strides) ? place : { ...place, strides };
}

/** Whether the elements lie one after the other, the last axis fastest. */
function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] > 1 && strides[axis] !== step) return false;
    step *= shape[axis];
  }
  return true;
}

function wrong(path: string, expected: string, actual: string): InputError {
  return new InputError(path, expected, actual, convert);
}
