import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TactfulError } from '../../src/errors.ts';
import { float32 } from '../../src/tensor.ts';
import { readFloat32, readTensor } from '../../src/tensors/safetensors.ts';
import { openTorchFile } from '../../src/tensors/torch-file.ts';
import { writeTorchFile } from '../../src/tensors/torch-writer.ts';
import { goldenJson, goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';
import { mutatedBytes } from './mutations.ts';
import { torchZip, unzipStored } from './torch-zip.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 1000);
const newFolder = scratchFolders();
type Values = Record<string, { shape: number[]; dtype: string; bits: number[] }>;
const values = await goldenJson<Values>('torch', 'values.json');
const floats = Object.entries(values).filter(([, { dtype }]) => /float/.test(dtype));
const real = await readFile(goldenPath('torch', 'state-2.bin'));

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(await newFolder(), 'pytorch_model.bin');
  await writeFile(path, bytes);
  return path;
}

/** The real file with some of its files changed, or taken out. */
function changed(changes: Record<string, string | Uint8Array | undefined>, options = {}): Buffer {
  const files = new Map<string, string | Uint8Array>(unzipStored(real));
  for (const [name, data] of Object.entries(changes)) {
    if (data === undefined) files.delete(name);
    else files.set(name, data);
  }
  return torchZip(files, options);
}

async function expectAllValues(path: string): Promise<void> {
  const file = await openTorchFile(path);
  expect([...file.tensors.keys()]).toEqual(Object.keys(values));
  for (const [name, { shape, bits }] of floats) {
    const tensor = await readFloat32(file, name);
    expect(tensor.shape, name).toEqual(shape);
    // `float()` of a float16 NaN would have other bits; there is none
    expect([...new Int32Array(tensor.data.buffer)], name).toEqual(bits);
  }
  const ids = await readTensor(file, 'ids');
  expect(ids).toMatchObject({
    dtype: 'int64',
    shape: [1, 5],
    data: BigInt64Array.of(0n, 1n, 2n, 3n, 4n),
  });
  expect((await readTensor(file, 'flags')).data).toEqual(Uint8Array.of(1, 0));
}

describe('files of torch.save', () => {
  test.each(['state-2', 'state-3', 'state-4', 'state-5', 'nested'])(
    'every value of %s.bin is read, bit for bit, in the order of the file',
    (name) => expectAllValues(goldenPath('torch', `${name}.bin`)),
  );

  test('tied tensors share their bytes, and only what is out of order has strides', async () => {
    const { tensors } = await openTorchFile(goldenPath('torch', 'state-2.bin'));
    expect(tensors.get('twin')).toEqual(tensors.get('tied'));
    const strided = [...tensors].filter(([, { strides }]) => strides).map(([name]) => name);
    expect(strided).toEqual(['transposed', 'half', 'slice', 'cube']);
    expect(tensors.get('transposed')?.offset).toBe(tensors.get('row')!.offset - 2 * 6 * 4);
  });

  test('torch puts elements where an engine can map them', async () => {
    const { tensors } = await openTorchFile(goldenPath('torch', 'state-2.bin'));
    expect(tensors.get('f32')!.offset % 64).toBe(0);
  });

  test('a zip that aligns nothing, and one in zip64, are read as well', async () => {
    await expectAllValues(await fileOf(changed({})));
    await expectAllValues(await fileOf(changed({}, { zip64: true })));
  });

  test('a file of before PyTorch 2.1, which does not say its byte order, is read', async () => {
    await expectAllValues(await fileOf(changed({ byteorder: undefined })));
  });

  test('values behind the first 4 GB of a file are found', async () => {
    // 5 GB of nothing before the zip; the disk does not store them
    const [path, hole] = [join(await newFolder(), 'large.bin'), 5 * 2 ** 30];
    const bytes = changed({}, { zip64: true });
    const directory = bytes.readUInt32LE(bytes.length - 6);
    let at = directory;
    while (bytes.toString('latin1', at, at + 2) === 'PK' && bytes[at + 2] === 1) {
      const name = bytes.readUInt16LE(at + 28);
      const offset = at + 46 + name + 20;
      bytes.writeBigUInt64LE(bytes.readBigUInt64LE(offset) + BigInt(hole), offset);
      at += 46 + name + 28;
    }
    const end = Buffer.alloc(56 + 20);
    end.write('PK\x06\x06', 0, 'latin1');
    const count = bytes.readUInt16LE(bytes.length - 12);
    for (const place of [24, 32]) end.writeBigUInt64LE(BigInt(count), place);
    end.writeBigUInt64LE(BigInt(at - directory), 40);
    end.writeBigUInt64LE(BigInt(hole + directory), 48);
    end.write('PK\x06\x07', 56, 'latin1');
    end.writeBigUInt64LE(BigInt(hole + at), 64);
    const file = await open(path, 'w');
    await file.write(
      Buffer.concat([bytes.subarray(0, at), end, bytes.subarray(at)]),
      0,
      undefined,
      hole,
    );
    await file.close();
    await expectAllValues(path);
  });
});

describe('refused', () => {
  test.each<[string, string]>([
    [
      'before-1.6.bin',
      'expected a file of torch.save (a zip), got the layout of PyTorch before 1.6.',
    ],
    ['module.bin', 'got torch.nn.modules.linear.Linear at byte 2.'],
    ['torchscript.bin', 'expected a state dict, got a TorchScript program.'],
    ['expanded.bin', 'expected at most the 1 elements of its storage, got 6'],
  ])('%s, which torch wrote', async (name, message) => {
    const opening = openTorchFile(goldenPath('torch', name));
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toThrow('convert it with Python');
  });

  const big = Buffer.alloc(2 ** 25 + 1);
  test.each<[string, Uint8Array, string]>([
    ['a bare pickle', Buffer.from('\x80\x04}.', 'latin1'), 'got a bare pickle.'],
    ['a tar', Buffer.concat([Buffer.alloc(257), Buffer.from('ustar')]), 'PyTorch before 1.6'],
    ['nothing', new Uint8Array(), 'got an empty file.'],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs'), 'got a Git LFS pointer'],
    ['something else', Buffer.from('weights'), 'expected a zip file, got'],
    ['a zip cut off', real.subarray(0, 3000), 'expected a zip file, got'],
    ['big-endian numbers', changed({ byteorder: 'big' }), 'little-endian numbers, got big.'],
    ['another version', changed({ version: '11\n' }), 'version 1 to 10 of the layout'],
    ['no pickle', changed({ 'data.pkl': undefined }), 'one data.pkl in the zip, got none.'],
    ['another pickle', changed({ 'data.pkl': Uint8Array.of(0x80) }), 'got the end at byte'],
    ['a pickle that is too large', changed({ 'data.pkl': big }), 'expected at most 33554432 bytes'],
    ['no storage', changed({ 'data/3': undefined }), 'the storage archive/data/3, got none'],
    ['a short storage', changed({ 'data/0': 'abc' }), '24 bytes for 6 elements of F32 in archive'],
    ['a packed pickle', changed({}, { compressed: ['data.pkl'] }), 'data.pkl stored as it is'],
    ['a packed storage', changed({}, { compressed: ['data/0'] }), 'data/0 stored as it is'],
    ['a link', torchZip(new Map([['../x', 'y']])), 'expected plain files with names below it'],
  ])('%s', async (_, bytes, message) => {
    await expect(openTorchFile(await fileOf(bytes))).rejects.toThrow(message);
  });

  test('a pickle whose CRC is another', async () => {
    const bytes = Buffer.from(real);
    bytes[bytes.indexOf('_metadata')] = 0x58;
    await expect(openTorchFile(await fileOf(bytes))).rejects.toThrow('the CRC differs');
  });

  test('a storage that says that it goes on behind the end of the file', async () => {
    const bytes = Buffer.from(real);
    const entry = bytes.lastIndexOf('/data/0') - 'state-2'.length - 46;
    expect(bytes.toString('latin1', entry, entry + 2)).toBe('PK');
    for (const size of [20, 24]) bytes.writeUInt32LE(2 ** 31, entry + size);
    await expect(openTorchFile(await fileOf(bytes))).rejects.toThrow(
      'expected state-2/data/0 whole, got file data overflows file bounds: 1408 + 2147483648 >',
    );
  });

  test.each<[string, string, number]>([
    ['the end of its directory', 'PK\x06\x07', 8],
    ['its directory', 'PK\x06\x06', 48],
  ])('a zip that says that %s lies far behind its end', async (_, record, place) => {
    const bytes = Buffer.from(real);
    bytes.writeBigUInt64LE(2n ** 40n, bytes.lastIndexOf(record, undefined, 'latin1') + place);
    await expect(openTorchFile(await fileOf(bytes))).rejects.toThrow(TactfulError);
  });

  test('a zip that says that a file lies far behind its end', async () => {
    const bytes = changed({}, { zip64: true });
    const entry = bytes.indexOf('PK\x01\x02', 'latin1');
    const offset = entry + 46 + bytes.readUInt16LE(entry + 28) + 20;
    bytes.writeBigUInt64LE(2n ** 40n, offset);
    await expect(openTorchFile(await fileOf(bytes))).rejects.toThrow(
      'whole, got byte 1099511627806 of a file of',
    );
  });

  test('no file, and a folder', async () => {
    const folder = await newFolder();
    await expect(openTorchFile(join(folder, 'x.bin'))).rejects.toThrow(
      'a readable file, got no such file. Check',
    );
    await expect(openTorchFile(folder)).rejects.toThrow(
      'a readable file, got a folder. Name a file',
    );
  });
});

test('a written file is read as it was, and the same tensors give the same bytes', async () => {
  const tensors = new Map([
    ['b', float32([1, -2.5, Number.NaN, 4, 5, 6], [2, 3])],
    ['a', float32([7], [])],
    ['none', float32([], [0, 2])],
  ]);
  const [one, two] = [join(await newFolder(), 'one.bin'), join(await newFolder(), 'two.bin')];
  await writeTorchFile(one, tensors);
  await writeTorchFile(two, new Map([...tensors].reverse()));
  expect(await readFile(one)).toEqual(await readFile(two));
  const file = await openTorchFile(one);
  expect([...file.tensors.keys()]).toEqual(['a', 'b', 'none']);
  for (const [name, tensor] of tensors) expect(await readFloat32(file, name)).toEqual(tensor);
  expect([...file.tensors.values()].every(({ offset }) => offset % 64 === 0)).toBe(true);
});

test('a changed file is read or refused, and never more than it holds', async () => {
  const path = await fileOf(real);
  const property = fc.asyncProperty(mutatedBytes(real), async (bytes) => {
    await writeFile(path, bytes);
    try {
      const file = await openTorchFile(path);
      for (const [name, { dtype, length, offset }] of file.tensors) {
        expect(length).toBeLessThanOrEqual(bytes.length);
        expect(offset + (file.tensors.get(name)!.strides ? 0 : length)).toBeLessThanOrEqual(
          bytes.length,
        );
        if (dtype === 'F32') await readFloat32(file, name);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(TactfulError);
    }
  });
  await fc.assert(property, { numRuns: Math.ceil(runs / 10) });
});
