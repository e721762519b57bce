import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TactfulError } from '../../src/errors.ts';
import { parseStateDict } from '../../src/tensors/state-dict.ts';
import { goldenPath } from '../golden.ts';
import { stored } from './torch-zip.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 1000);
const real = ['state-2.bin', 'state-4.bin', 'nested.bin'].map((name) =>
  stored(readFileSync(goldenPath('torch', name)), 'data.pkl'),
);

/** A pickle: strings as Latin-1, numbers as bytes. */
function pickle(...parts: (string | number | Uint8Array)[]): Uint8Array {
  const pieces = parts.map((part) => {
    if (typeof part === 'number') return Uint8Array.of(part);
    return typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
  });
  return Buffer.concat(pieces);
}

const proto = '\x80\x04';
const unicode = (text: string) => `X${String.fromCharCode(text.length)}\0\0\0${text}`;
const parse = (bytes: Uint8Array) => parseStateDict(bytes, 'evil.bin');
const advice =
  'Where you trust it, convert it with Python: safetensors.torch.save_file(torch.load(file), …).';

describe('a pickle that wants more than tensors is refused by name', () => {
  const system = 'cos\nsystem\n';
  const word = unicode('id');
  test.each<[string, Uint8Array, string]>([
    ['GLOBAL and REDUCE', pickle(proto, system, `(${word}tR.`), 'os.system at byte 2'],
    ['GLOBAL of builtins', pickle(proto, 'cbuiltins\neval\n', `(${word}tR.`), 'builtins.eval at'],
    [
      'STACK_GLOBAL',
      pickle(proto, unicode('os'), unicode('system'), 0x93, `(${word}tR.`),
      'os.system at byte 20',
    ],
    ['an attribute of a module that is known', pickle(proto, 'ctorch\nload\n', '.'), 'torch.load'],
    [
      'a name with dots in it',
      pickle(proto, 'ccollections\nOrderedDict.fromkeys\n', '.'),
      'fromkeys',
    ],
    [
      'a storage type that is another name',
      pickle(proto, 'ctorch\nconstructor\n', '.'),
      'torch.constr',
    ],
    ['INST', pickle(proto, `(ios\nsystem\n`, '.'), 'opcode INST at byte 3'],
    ['OBJ', pickle(proto, '(', 'ccollections\nOrderedDict\n', 'o.'), 'opcode OBJ'],
    ['NEWOBJ', pickle(proto, 'ccollections\nOrderedDict\n)', 0x81, '.'), 'opcode NEWOBJ at'],
    ['NEWOBJ_EX', pickle(proto, 'ccollections\nOrderedDict\n)}', 0x92, '.'), 'opcode NEWOBJ_EX'],
    ['EXT1', pickle(proto, 0x82, 1, '.'), 'opcode EXT1'],
    ['EXT2', pickle(proto, 0x83, 1, 0, '.'), 'opcode EXT2'],
    ['EXT4', pickle(proto, 0x84, 1, 0, 0, 0, '.'), 'opcode EXT4'],
    ['PERSID', pickle(proto, 'Pid\n.'), 'opcode PERSID'],
    ['BINPERSID of no storage', pickle(proto, unicode('id'), 'Q.'), 'got another object'],
    [
      'BUILD of a function',
      pickle(proto, 'ccollections\nOrderedDict\n}b.'),
      'got those of another',
    ],
    [
      'BUILD with __setstate__ on a call',
      pickle(proto, 'ccollections\nOrderedDict\n)R', `(${unicode('__setstate__')}K\x01tb.`),
      'got those of another object',
    ],
    ['REDUCE of a text', pickle(proto, unicode('os.system'), ')R.'), 'got something else'],
    [
      'REDUCE of a storage type',
      pickle(proto, 'ctorch\nFloatStorage\n(K\x01tR.'),
      'a call of torch.FloatStorage, got other parameters',
    ],
    ['bytes', pickle(proto, 'C\x01x.'), 'opcode SHORT_BINBYTES'],
    ['protocol 0', pickle('(dp0\n.'), 'opcode DICT'],
    ['protocol 6', pickle('\x80\x06.'), 'expected a pickle of protocol 2 to 5, got protocol 6'],
    ['an unknown opcode', pickle(proto, 0xff), 'opcode 0xff'],
  ])('%s', (_, bytes, message) => {
    expect(() => parse(bytes)).toThrow(message);
    expect(() => parse(bytes)).toThrow(advice);
  });
});

describe('a pickle that wants too much is refused before it gets it', () => {
  const many = (count: number, ...bytes: number[]) =>
    Buffer.concat(Array.from({ length: count }, () => Uint8Array.from(bytes)));
  test.each<[string, Uint8Array, string]>([
    ['LONG4 of 2 GB', pickle(proto, 0x8b, 0xff, 0xff, 0xff, 0x7f), 'opcode LONG4'],
    ['LONG1 of 255 bytes', pickle(proto, 0x8a, 255, Buffer.alloc(255, 1), '.'), 'one of 255'],
    ['a text of 4 GB', pickle(proto, 'X\xff\xff\xff\xff'), '4294967295 bytes more, got the end'],
    ['a memo index of 4 billion', pickle(proto, 'Nr\xff\xff\xff\xff', '.'), 'a dict of tensors'],
    ['a memo index that nobody set', pickle(proto, 'h\x05.'), 'expected memo 5, got nothing there'],
    ['tuples in tuples', pickle(proto, ')', many(50_000, 0x85), '.'), 'a dict of tensors'],
    ['marks on marks', pickle(proto, many(50_000, 0x28), '.'), 'expected one object'],
    ['lists that double', pickle(proto, ']q\0', many(10_000, 0x68, 0, 0x61), '.'), 'a dict of'],
    ['a list in itself', pickle(proto, ']q\0h\0a.'), 'a dict of tensors'],
    ['a dict in itself', pickle(proto, '}q\0', unicode('state_dict'), 'h\0s.'), 'no tensor in it'],
    ['laughs', pickle(proto, ')', many(20_000, 0x94, 0x6a, 0, 0, 0, 0, 0x86), '.'), 'a dict of'],
    ['too many operations', pickle(proto, many(1_000_002, 0x7d)), 'at most 1000000 operations'],
    ['too many bytes', new Uint8Array(2 ** 25 + 1), 'expected at most 33554432 bytes'],
    ['operands that a mark hides', pickle(proto, 'NN(\x86.'), 'expected 2 operands, got fewer'],
    ['items without a mark', pickle(proto, '}u.'), 'expected a mark, got none'],
    ['a key without a value', pickle(proto, '}(Nu.'), 'items of a dict'],
    ['items of a number', pickle(proto, 'K\x01Na.'), 'items of a list'],
    ['text that is none', pickle(proto, 'X\x01\0\0\0\xff'), 'text in UTF-8'],
    ['something behind the end', pickle(proto, '}.x'), '1, and 1 bytes behind'],
    ['no end', pickle(proto, '}'), 'expected 1 bytes more, got the end'],
    ['nothing', new Uint8Array(), 'got the end'],
  ])('%s', (_, bytes, message) => {
    expect(() => parse(bytes)).toThrow(message);
  });
});

describe('tensors', () => {
  const storage = (elements: number) =>
    `((${unicode('storage')}ctorch\nFloatStorage\n${unicode('0')}${unicode('cpu')}M${String.fromCharCode(elements & 255, elements >> 8)}tQ`;
  const call = 'ctorch._utils\n_rebuild_tensor_v2\n';
  /** Shape and strides as BININT1s, then `learns` and hooks. */
  const tensor = (
    elements: number,
    start: number,
    shape: number[],
    strides: number[],
    more = '',
  ) => {
    const tuple = (values: number[]) =>
      `(${values.map((value) => `K${String.fromCharCode(value)}`).join('')}t`;
    const view = `K${String.fromCharCode(start)}${tuple(shape)}${tuple(strides)}\x89}${more}tR`;
    return pickle('\x80\x02}', unicode('w'), call, storage(elements), view, 's.');
  };

  test('a view of a storage is read as it is', () => {
    const view = parse(tensor(6, 1, [2, 2], [3, 1])).get('w');
    expect(view).toEqual({
      storage: { key: '0', dtype: 'F32', elements: 6 },
      start: 1,
      shape: [2, 2],
      strides: [3, 1],
    });
  });

  test.each<[string, Uint8Array, string]>([
    ['beyond the end', tensor(6, 2, [2, 2], [3, 1]), 'expected elements below 6, got element 6'],
    ['beginning beyond it', tensor(6, 7, [1], [1]), 'expected elements below 6, got element 7'],
    ['of repeated elements', tensor(6, 0, [200, 200], [0, 0]), 'got 40000, some of them more than'],
    ['without strides', tensor(6, 0, [2, 2], [1]), 'expected strides for 2 axes, got 1'],
    ['of 65 axes', tensor(6, 0, Array(65).fill(1), Array(65).fill(1)), 'strides for 65 axes'],
    ['with a word more', tensor(6, 0, [1], [1], `}`), 'got other parameters'],
  ])('one %s is refused', (_, bytes, message) => {
    expect(() => parse(bytes)).toThrow(message);
  });

  test('one without elements may lie anywhere', () => {
    expect(parse(tensor(0, 0, [0, 3], [3, 1])).get('w')?.shape).toEqual([0, 3]);
  });
});

test('a changed pickle is read or refused, and nothing else happens', () => {
  const change = fc.record({
    from: fc.constantFrom(...real),
    edits: fc.array(fc.tuple(fc.nat(4000), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
    cut: fc.option(fc.nat(4000)),
    moved: fc.option(fc.tuple(fc.nat(4000), fc.nat(4000), fc.nat(60))),
  });
  const property = fc.property(change, ({ from, edits, cut, moved }) => {
    const bytes = Uint8Array.from(from);
    if (moved) {
      const [to, start, length] = moved.map((at) => at % bytes.length);
      bytes.copyWithin(to, start, start + length);
    }
    for (const [at, value] of edits) bytes[at % bytes.length] = value;
    try {
      const tensors = parse(cut === null ? bytes : bytes.subarray(0, cut));
      for (const { storage, start, shape, strides } of tensors.values()) {
        const last = shape.reduce((sum, dim, axis) => sum + (dim - 1) * strides[axis], start);
        expect(shape.includes(0) || last < storage.elements).toBe(true);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(TactfulError);
    }
  });
  fc.assert(property, { numRuns: runs });
});

test('random opcodes are read or refused', () => {
  const known = [...'()./]}NRQabcehjqrstuJKMGX'].map((c) => c.charCodeAt(0));
  const code = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...known, 0x85, 0x86, 0x87, 0x88, 0x93, 0x94) },
    fc.integer({ min: 0, max: 255 }),
  );
  const property = fc.property(fc.array(code, { maxLength: 200 }), (codes) => {
    expect(() => parse(pickle(proto, Uint8Array.from(codes)))).toThrow(TactfulError);
  });
  fc.assert(property, { numRuns: runs });
});
