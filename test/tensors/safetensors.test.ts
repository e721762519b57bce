import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { float32, int64, sizeOf, type Tensor } from '../../src/tensor.ts';
import {
  openSafetensors,
  readFloat32,
  readTensor,
  writeSafetensors,
} from '../../src/tensors/safetensors.ts';
import { elementBytes, layout, parseHeader } from '../../src/tensors/safetensors-header.ts';
import { goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();

/** A file's bytes from its JSON text and its data. */
function fileBytes(json: string | Uint8Array, data = 0): Uint8Array {
  const text = typeof json === 'string' ? new TextEncoder().encode(json) : json;
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const parse = (bytes: Uint8Array) => parseHeader(bytes, bytes.length, 'file');

/** Random tensors of all kinds, empty and scalar ones included. */
const tensor: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom('float32', 'int64', 'int32', 'bool', 'float16', 'bfloat16'),
    fc.array(fc.nat({ max: 4 }), { maxLength: 3 }),
    fc.integer(),
  )
  .map(([dtype, shape, start]) => {
    const numbers = Array.from({ length: sizeOf(shape) }, (_, i) => start + i);
    switch (dtype) {
      case 'float32':
        return float32(numbers, shape);
      case 'int64':
        return int64(numbers, shape);
      case 'int32':
        return { dtype, shape, data: Int32Array.from(numbers) };
      case 'bool':
        return { dtype, shape, data: Uint8Array.from(numbers, (x) => x & 1) };
      default:
        return { dtype, shape, data: Uint16Array.from(numbers) };
    }
  });
const name = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('__proto__', 'constructor', '0', '"', '\\"\\', 'dtype'),
);
const tensors = fc
  .array(fc.tuple(name, tensor), { maxLength: 8 })
  .map((pairs) => new Map(pairs.filter(([key]) => key !== '__metadata__')));
const metadata = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string(), { maxKeys: 4 });

describe('files', () => {
  test('tensors and metadata come back as they were written', async () => {
    const path = join(await newFolder(), 'file.safetensors');
    const law = fc.asyncProperty(tensors, metadata, async (tensors, metadata) => {
      await writeSafetensors(path, tensors, metadata);
      const file = await openSafetensors(path);
      expect(Object.entries(file.metadata).sort()).toEqual(Object.entries(metadata).sort());
      expect([...file.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
      for (const [key, tensor] of tensors) expect(await readTensor(file, key)).toEqual(tensor);
    });
    await fc.assert(law);
  });

  test('the order of the input does not change the bytes', async () => {
    const law = fc.property(tensors, metadata, (tensors, metadata) => {
      const backwards = new Map([...tensors].reverse());
      const reversed = Object.fromEntries(Object.entries(metadata).reverse());
      expect(layout(backwards, reversed)).toEqual(layout(tensors, metadata));
    });
    fc.assert(law);
  });

  test('every tensor starts at a multiple of its element size', () => {
    const law = fc.property(tensors, metadata, (tensors, metadata) => {
      const { header, order } = layout(tensors, metadata);
      const size = order.reduce((sum, { data }) => sum + data.byteLength, header.length);
      expect(header.length % 8).toBe(0);
      for (const { dtype, offset } of parseHeader(header, size, 'file').tensors.values()) {
        expect(offset % elementBytes[dtype]).toBe(0);
      }
    });
    fc.assert(law);
  });

  test.each([
    ['t5', 'model', 'model.safetensors'],
    ['roberta', 'model', 'model.safetensors'],
    ['lora', 'adapter_safetensors', 'adapter_model.safetensors'],
  ])('%s/%s/%s, read and written, gives the bytes that the reference wrote', async (...parts) => {
    const file = await openSafetensors(goldenPath(...parts));
    const all = new Map<string, Tensor>();
    for (const key of file.tensors.keys()) all.set(key, await readTensor(file, key));
    const copy = join(await newFolder(), 'copy.safetensors');
    await writeSafetensors(copy, all, file.metadata);
    expect((await readFile(copy)).equals(await readFile(goldenPath(...parts)))).toBe(true);
  });

  test('half-precision tensors are read as the float32 numbers that they are', async () => {
    const path = join(await newFolder(), 'half.safetensors');
    const half: Tensor = { dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) };
    const brain: Tensor = { dtype: 'bfloat16', shape: [2], data: Uint16Array.of(0x3f80, 0xc000) };
    await writeSafetensors(
      path,
      new Map([
        ['half', half],
        ['brain', brain],
      ]),
    );
    const file = await openSafetensors(path);
    expect(await readFloat32(file, 'half')).toEqual(float32([1, -2]));
    expect(await readFloat32(file, 'brain')).toEqual(float32([1, -2]));
  });

  test('a tensor of another kind, or none, is an input error that names it', async () => {
    const path = join(await newFolder(), 'file.safetensors');
    await writeFile(path, fileBytes('{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}', 8));
    const file = await openSafetensors(path);
    await expect(readTensor(file, 'x')).rejects.toThrow(/x: expected a dtype of F32.*, got F64\./);
    await expect(readTensor(file, 'y')).rejects.toThrow(
      'expected a tensor y, got 1 others, x first.',
    );
    await writeSafetensors(
      path,
      new Map<string, Tensor>([
        ['i', int64([1])],
        ['f', float32([1])],
      ]),
    );
    const ids = await openSafetensors(path);
    expect(await readTensor(ids, 'i')).toEqual(int64([1]));
    await expect(readFloat32(ids, 'i')).rejects.toThrow(
      'i: expected F32, F16, BF16 or F64, got I64.',
    );
  });

  test('a missing file, a folder and a file that shrank are errors that name the path', async () => {
    const folder = await newFolder();
    const path = join(folder, 'file.safetensors');
    await expect(openSafetensors(path)).rejects.toThrow(
      `${path}: expected a readable file, got no such file. Check the path.`,
    );
    await mkdir(join(folder, 'sub'));
    await expect(openSafetensors(join(folder, 'sub'))).rejects.toThrow(join(folder, 'sub'));
    await writeSafetensors(path, new Map([['x', float32([1, 2])]]));
    const file = await openSafetensors(path);
    await writeFile(path, 'short');
    await expect(readTensor(file, 'x')).rejects.toThrow(`${path}: expected 8 bytes`);
  });

  test('what cannot be read back is not written', async () => {
    const path = join(await newFolder(), 'file.safetensors');
    const one = float32([1]);
    await expect(writeSafetensors(path, new Map([['__metadata__', one]]))).rejects.toThrow(
      InputError,
    );
    const wrong = { ...one, shape: [2] };
    await expect(writeSafetensors(path, new Map([['x', wrong]]))).rejects.toThrow(
      'got "x" with 1.',
    );
  });
});

const entry = (fields: string) => `{"x":{${fields}}}`;
const hostile: [what: string, bytes: Uint8Array][] = [
  ['no bytes', new Uint8Array(0)],
  ['seven bytes', new Uint8Array(7)],
  ['a length of 2^64 - 1', new Uint8Array(16).fill(255)],
  ['a length past the end', fileBytes('{}').subarray(0, 9)],
  ['no header', new Uint8Array(8)],
  ['a list', fileBytes('[]')],
  ['a byte order mark first', fileBytes('\ufeff{}')],
  ['half a JSON text', fileBytes('{"x":')],
  ['two JSON texts', fileBytes('{}{}')],
  ['bytes that are no UTF-8', fileBytes(Uint8Array.of(123, 34, 255, 34, 125))],
  ['100,000 nested lists', fileBytes(`{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
  ['100,000 nested objects', fileBytes(`${'{"x":'.repeat(100_000)}1${'}'.repeat(100_000)}`)],
  ['an entry that is a number', fileBytes('{"x":1}')],
  ['an entry that is null', fileBytes('{"x":null}')],
  ['an entry without offsets', fileBytes(entry('"dtype":"F32","shape":[0]'))],
  ['half a byte', fileBytes(entry('"dtype":"F4","shape":[3],"data_offsets":[0,2]'), 2)],
  ['an unknown dtype', fileBytes(entry('"dtype":"F33","shape":[0],"data_offsets":[0,0]'))],
  [
    'a dtype of every object',
    fileBytes(entry('"dtype":"toString","shape":[],"data_offsets":[0,0]')),
  ],
  ['a negative size', fileBytes(entry('"dtype":"U8","shape":[-1],"data_offsets":[0,0]'))],
  ['minus zero', fileBytes(entry('"dtype":"U8","shape":[-0],"data_offsets":[0,0]'))],
  ['a size of 1.5', fileBytes(entry('"dtype":"U8","shape":[1.5],"data_offsets":[0,1]'), 1)],
  ['an infinite size', fileBytes(entry('"dtype":"U8","shape":[1e999],"data_offsets":[0,1]'), 1)],
  ['NaN', fileBytes(entry('"dtype":"U8","shape":[NaN],"data_offsets":[0,1]'), 1)],
  ['a size in quotes', fileBytes(entry('"dtype":"U8","shape":["1"],"data_offsets":[0,1]'), 1)],
  [
    'a shape that overflows to 0',
    fileBytes(entry('"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]')),
  ],
  [
    'a shape of 2^53 bytes and a zero',
    fileBytes(entry('"dtype":"F32","shape":[4503599627370496,0],"data_offsets":[0,0]')),
  ],
  [
    'a shape without its bytes',
    fileBytes(entry('"dtype":"F32","shape":[2],"data_offsets":[0,4]'), 4),
  ],
  ['negative offsets', fileBytes(entry('"dtype":"U8","shape":[1],"data_offsets":[-1,0]'))],
  ['offsets in reverse', fileBytes(entry('"dtype":"U8","shape":[1],"data_offsets":[1,0]'), 1)],
  ['three offsets', fileBytes(entry('"dtype":"U8","shape":[1],"data_offsets":[0,1,1]'), 1)],
  ['offsets past the end', fileBytes(entry('"dtype":"U8","shape":[9],"data_offsets":[0,9]'), 1)],
  ['a hole at the start', fileBytes(entry('"dtype":"U8","shape":[1],"data_offsets":[1,2]'), 2)],
  ['bytes left over', fileBytes(entry('"dtype":"U8","shape":[1],"data_offsets":[0,1]'), 2)],
  [
    'two tensors on the same bytes',
    fileBytes(
      '{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
      3,
    ),
  ],
  [
    'the same name twice',
    fileBytes(
      '{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
    ),
  ],
  [
    'the same name twice, once escaped',
    fileBytes(
      '{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0078":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
    ),
  ],
  [
    'the same field twice',
    fileBytes(entry('"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]'), 1),
  ],
  ['metadata of numbers', fileBytes('{"__metadata__":{"x":1}}')],
  ['metadata that is a text', fileBytes('{"__metadata__":"x"}')],
  ['metadata of null', fileBytes('{"__metadata__":{"x":null}}')],
  [
    'an unknown field twice',
    fileBytes(entry('"dtype":"U8","y":1,"y":1,"shape":[1],"data_offsets":[0,1]'), 1),
  ],
];

// Each of them is read by safetensors 0.8.0 of Python.
describe('headers of other writers', () => {
  const x = '"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}';
  test.each<[string, string]>([
    ['metadata that is null', `{"__metadata__":null,${x}}`],
    ['metadata of nothing', `{"__metadata__":{},${x}}`],
    ['a blank first', ` {${x}}`],
    ['a line break first, and blanks last', `\n{${x}}  \n`],
    [
      'a fourth field',
      '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"y":[1,{"z":["w"]}]}}',
    ],
  ])('%s', (_, json) => {
    const { tensors, metadata } = parse(fileBytes(json, 4));
    expect(metadata).toEqual({});
    expect([...tensors.keys()]).toEqual(['x']);
  });

  test.each<[string, number]>([
    ['F4', 4],
    ['F6_E2M3', 6],
    ['F6_E3M2', 6],
    ['F8_E4M3', 8],
    ['F8_E4M3FNUZ', 8],
    ['F8_E5M2', 8],
    ['F8_E5M2FNUZ', 8],
    ['F8_E8M0', 8],
    ['C64', 64],
  ])('eight elements of %s are %i bytes', (dtype, bytes) => {
    const json = entry(`"dtype":"${dtype}","shape":[2,4],"data_offsets":[0,${bytes}]`);
    expect(parse(fileBytes(json, bytes)).tensors.get('x')).toMatchObject({ dtype, length: bytes });
  });
});

describe('hostile headers', () => {
  test.each(hostile)('a header with %s is an input error that names the file', (_, bytes) => {
    expect(() => parse(bytes)).toThrow(InputError);
    expect(() => parse(bytes)).toThrow(/^file(: |:)/);
  });

  test('messages stay short, whatever the file holds', () => {
    const law = fc.property(fc.json({ maxDepth: 4 }), (json) => {
      let message = '';
      try {
        parse(fileBytes(`{"${'x'.repeat(10_000)}":${json}}`));
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message.length).toBeLessThan(1000);
    });
    fc.assert(law);
  });

  test('a header above 100 MB is refused before it is read', () => {
    const start = new Uint8Array(8);
    new DataView(start.buffer).setBigUint64(0, 100_000_001n, true);
    expect(() => parseHeader(start, 10 ** 12, 'file')).toThrow('at most 100000000 bytes');
  });

  test('a mutated file is either refused or a whole file with its tensors side by side', () => {
    const half: Tensor = { dtype: 'float16', shape: [3], data: Uint16Array.of(1, 2, 3) };
    const some = new Map<string, Tensor>([
      ['a.weight', float32([1, 2, 3, 4, 5, 6], [2, 3])],
      ['b', half],
    ]);
    const { header, order } = layout(some.set('ids', int64([7, 8])), { format: 'pt' });
    const good = new Uint8Array(
      order.reduce((sum, { data }) => sum + data.byteLength, header.length),
    );
    good.set(header);
    const edit = fc.record({
      at: fc.oneof(fc.nat({ max: 7 }), fc.nat({ max: header.length - 1 })),
      byte: fc.oneof(
        fc.nat({ max: 255 }),
        fc.constantFrom(...new TextEncoder().encode('0129-{}[]",:')),
      ),
      kind: fc.constantFrom('replace', 'remove', 'insert', 'truncate'),
    });
    let refused = 0;
    const law = fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let bytes = good;
      for (const { at, byte, kind } of edits) {
        if (kind === 'truncate') bytes = bytes.slice(0, Math.max(at, bytes.length - byte));
        else {
          const middle = kind === 'remove' ? [] : [byte];
          const rest = bytes.subarray(kind === 'insert' ? at : at + 1);
          bytes = Uint8Array.from([...bytes.subarray(0, at), ...middle, ...rest]);
        }
      }
      try {
        const { tensors } = parse(bytes);
        const sizes = [...tensors.values()].map(({ dtype, shape, length }) => {
          expect(sizeOf(shape) * elementBytes[dtype]).toBe(length);
          return length;
        });
        const first = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
        expect(sizes.reduce((sum, length) => sum + length, first)).toBe(bytes.length);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        refused++;
      }
    });
    const numRuns = Number(process.env.FUZZ_RUNS ?? 1000);
    fc.assert(law, { numRuns });
    expect(refused).toBeGreaterThan(numRuns / 2); // most edits break something, or the test tests nothing
  });
});
