/** Writes tensors as `torch.save` writes a state dict, for programs that read nothing else. I/O. */
import { crc32 } from 'node:zlib';
import { writeFileAtomic } from '../disk/atomic.ts';
import { InternalError } from '../errors.ts';
import { sizeOf, type Tensors } from '../tensor.ts';

/** torch aligns the elements of a storage to this many bytes. */
const alignment = 64;
const folder = 'archive';

/**
 * Writes a state dict of float32 tensors, atomically: a zip with a pickle of protocol 2, which
 * `torch.load` of PyTorch 1.6 and later reads, also with `weights_only`. The same tensors give the
 * same bytes.
 */
export async function writeTorchFile(path: string, tensors: Tensors): Promise<void> {
  const named = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  const storages = named.map(([, { data }], i) => ({
    name: `data/${i}`,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }));
  const text = (content: string) => new TextEncoder().encode(content);
  const files = [
    { name: 'data.pkl', data: pickleOf(named) },
    { name: 'byteorder', data: text('little') },
    ...storages,
    { name: 'version', data: text('3\n') },
  ];
  await writeFileAtomic(path, zipOf(files));
}

/** An OrderedDict of `_rebuild_tensor_v2` calls. Opcodes: https://docs.python.org/3/library/pickletools.html */
function pickleOf(
  tensors: readonly (readonly [string, { shape: readonly number[] }])[],
): Uint8Array {
  const bytes: number[] = [];
  const op = (code: string, ...rest: number[]) => bytes.push(code.charCodeAt(0), ...rest);
  const word = (value: number) => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
  const global = (module: string, name: string) =>
    op('c', ...new TextEncoder().encode(`${module}\n${name}\n`));
  const string = (value: string) => {
    const encoded = new TextEncoder().encode(value);
    op('X', ...word(encoded.length), ...encoded);
  };
  const integer = (value: number) => op('J', ...word(value));
  const tuple = (...items: (() => void)[]) => {
    op('(');
    for (const item of items) item();
    op('t');
  };
  const numbers = (values: readonly number[]) =>
    tuple(...values.map((value) => () => integer(value)));
  const emptyDict = () => {
    global('collections', 'OrderedDict');
    op(')');
    op('R');
  };

  bytes.push(0x80, 2);
  emptyDict();
  op('(');
  for (const [i, [name, { shape }]] of tensors.entries()) {
    string(name);
    global('torch._utils', '_rebuild_tensor_v2');
    const storage = () => {
      tuple(
        () => string('storage'),
        () => global('torch', 'FloatStorage'),
        () => string(`${i}`),
        () => string('cpu'),
        () => integer(sizeOf(shape)),
      );
      op('Q');
    };
    const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
    const learns = () => bytes.push(0x89); // False
    tuple(
      storage,
      () => integer(0),
      () => numbers(shape),
      () => numbers(strides),
      learns,
      emptyDict,
    );
    op('R');
  }
  op('u');
  op('.');
  return Uint8Array.from(bytes);
}

/** Stored files in one folder, each aligned by padding in an extra field. @see APPNOTE 6.3, 4.3 */
function zipOf(
  files: readonly { readonly name: string; readonly data: Uint8Array }[],
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  const add = (...more: Uint8Array[]) => {
    for (const part of more) offset += part.length;
    parts.push(...more);
  };
  for (const { name, data } of files) {
    const title = new TextEncoder().encode(`${folder}/${name}`);
    const start = offset;
    const end = start + 30 + title.length + 4;
    const padding = new Uint8Array(4 + ((alignment - (end % alignment)) % alignment));
    fields(padding, [2, 0x4246, 2, padding.length - 4]); // torch's own id, FB
    // version, flags (names in UTF-8), method (stored), time, date (1980-01-01), CRC, sizes, name
    const common = [2, 20, 2, 0x800, 2, 0, 2, 0, 2, 0x21, 4, crc32(data)];
    const sizes = [4, data.length, 4, data.length, 2, title.length];
    const local = fields(new Uint8Array(30), [
      4,
      0x04034b50,
      ...common,
      ...sizes,
      2,
      padding.length,
    ]);
    add(local, title, padding, data);
    const entry = fields(new Uint8Array(46), [4, 0x02014b50, 2, 20, ...common, ...sizes]);
    new DataView(entry.buffer).setUint32(42, start, true);
    directory.push(entry, title);
  }
  const start = offset;
  add(...directory);
  const counts = [4, 0x06054b50, 4, 0, 2, files.length, 2, files.length];
  add(fields(new Uint8Array(22), [...counts, 4, offset - start, 4, start]));
  // else zip64 would have to follow
  if (offset > 2 ** 31)
    throw new InternalError(`a torch file of ${offset} bytes is too large to write`);
  return parts;
}

/** Puts little-endian numbers one after the other: a width in bytes, then a value, and so on. */
function fields(bytes: Uint8Array, widthsAndValues: readonly number[]): Uint8Array {
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (let i = 0; i < widthsAndValues.length; i += 2) {
    const [width, value] = widthsAndValues.slice(i, i + 2);
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return bytes;
}
