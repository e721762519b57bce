import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError, InternalError } from '../../src/errors.ts';
import { decode, encode } from '../../src/machines/codec.ts';
import type { Plain } from '../../src/runtime/plain.ts';
import { float32, int64, type Tensor } from '../../src/tensor.ts';

const round = (value: Plain) => decode(encode(value), 'value');

const array = fc.oneof(
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.uint16Array(),
  fc.uint8Array(),
);
const name = fc.oneof(fc.string(), fc.constantFrom('$', '__proto__', 'constructor', 'toString'));
const { value } = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Plain>(NaN, -0, 0, Infinity, -Infinity, undefined, null, true, false, ''),
    fc.double(),
    fc.bigInt(),
    fc.string({ unit: 'binary' }),
    array,
    fc.int32Array().map((data): Plain => ({ dtype: 'int32', shape: [data.length], data })),
    fc.array(tie('value')),
    fc.dictionary(name, tie('value'), { noNullPrototype: true }),
  ),
}));

describe('a value comes back as it went', () => {
  test('whatever is in it', () => {
    fc.assert(fc.property(value, (one) => assert.deepStrictEqual(round(one), one)));
  });

  test.each<[string, Plain]>([
    ['NaN', NaN],
    ['minus zero', -0],
    ['infinities', [Infinity, -Infinity]],
    ['a large integer', 2n ** 70n],
    ['an object with the key that marks', { $: ['NaN'], a: { $: 1 } }],
    ['an array with holes in its meaning', [undefined, null, '']],
    ['nothing', undefined],
    ['empty things', [[], {}, new Float32Array(0), float32([], [0, 3])]],
  ])('%s', (_, one) => {
    const back = round(one);
    expect(back).toStrictEqual(one);
    expect(Object.is(back, one) || typeof one === 'object').toBe(true);
  });

  test.each<Tensor>([
    float32([NaN, -0, Infinity, -Infinity, 1e-45, 0], [2, 3]),
    int64([1, -2, 2 ** 53 - 1], [3, 1]),
    { dtype: 'int32', shape: [], data: Int32Array.of(-5) },
    { dtype: 'bool', shape: [3], data: Uint8Array.of(0, 1, 1) },
    { dtype: 'float16', shape: [1, 2], data: Uint16Array.of(0x7e01, 0x8000) },
    { dtype: 'bfloat16', shape: [2], data: Uint16Array.of(0x7fc1, 0x0001) },
  ])('a tensor of $dtype', (one) => {
    const back = round(one) as unknown as Tensor;
    expect({ dtype: back.dtype, shape: back.shape }).toEqual({
      dtype: one.dtype,
      shape: one.shape,
    });
    expect(back.data.constructor).toBe(one.data.constructor);
    expect(bytesOf(back)).toEqual(bytesOf(one));
  });

  test('the payload of a NaN in an array', () => {
    const bits = Uint32Array.of(0x7fc0_1234, 0xffc0_0001);
    const back = round(new Float32Array(bits.buffer)) as Float32Array;
    expect([...new Uint32Array(back.buffer)]).toEqual([...bits]);
  });

  test('of an array that is part of a larger one that part alone, in memory of its own', () => {
    const whole = Float32Array.from({ length: 100 }, (_, i) => i);
    const back = round(whole.subarray(3, 5)) as Float32Array;
    expect([...back]).toEqual([3, 4]);
    expect(back.buffer.byteLength).toBe(8);
  });

  test('from bytes that lie anywhere', () => {
    const bytes = encode([float32([1, 2]), int64([3])]);
    const shifted = Buffer.concat([Uint8Array.of(0), bytes]).subarray(1);
    expect(decode(shifted, 'value')).toEqual(decode(bytes, 'value'));
  });

  test('equal values give equal bytes', () => {
    const make = () => encode({ a: float32([1, 2]), b: [1n, 'x'], c: new Float64Array(2) });
    expect(make()).toEqual(make());
  });
});

describe('what is no value of ours is refused by name', () => {
  const bytes = encode({ weights: float32([1, 2, 3]), step: 4, ids: int64([5, 6]) });

  test('cut off anywhere', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(bytes.slice(0, length), 'result r-3-1')).toThrow(InputError);
    }
    expect(() => decode(bytes.slice(0, 40), 'result r-3-1')).toThrow(/^result r-3-1: expected/);
  });

  test('with any bit turned', () => {
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      expect(() => decode(damaged, 'result')).toThrow(InputError);
    }
  });

  test('with a right checksum over something else', async () => {
    const { crc32 } = await import('node:zlib');
    const forged = (plain: unknown) => {
      const json = new TextEncoder().encode(JSON.stringify({ __metadata__: { plain } }));
      const all = new Uint8Array(16 + json.length);
      const view = new DataView(all.buffer);
      view.setUint32(0, 0x31706674, true);
      view.setBigUint64(8, BigInt(json.length), true);
      all.set(json, 16);
      view.setUint32(4, crc32(all.subarray(8)), true);
      return all;
    };
    expect(decode(forged('{"a":1}'), 'x')).toEqual({ a: 1 });
    const wrong = [
      ...[
        '',
        '{',
        '{"$":"no"}',
        '{"$":["tensor",0]}',
        '{"$":["array","7"]}',
        '{"$":["bigint","1e5"]}',
      ],
      ...['{"$":["object",[["a"]]]}', '{"$":null}', '{"$":[]}', '['.repeat(40) + ']'.repeat(40)],
      ...['['.repeat(1e5) + ']'.repeat(1e5)],
    ];
    for (const text of wrong) expect(() => decode(forged(text), 'x')).toThrow(InputError);
    expect(() => decode(forged(undefined), 'x')).toThrow(InputError);
  });

  test('nor is sent what is not plain', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const wrong = [() => 1, Symbol('a'), new Map(), new Date(), new Int8Array(1), circle];
    for (const one of wrong) {
      expect(() => encode({ inside: [one as Plain] })).toThrow(InternalError);
    }
    expect(() => encode({ inside: [new Map() as unknown as Plain] })).toThrow(
      'value.inside[0]: a Map is not plain',
    );
    const short = { dtype: 'float32', shape: [3], data: new Float32Array(2) } as Tensor;
    expect(() => encode(short)).toThrow('2 elements for [3]');
  });
});

function bytesOf({ data }: Tensor): number[] {
  return [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}
