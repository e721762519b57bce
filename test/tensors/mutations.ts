import fc from 'fast-check';

/** What stands in the place of something else: all that JSON has, and numbers at borders. */
const odd: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  0.5,
  1e308,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 53,
  '',
  'a',
  '</s>',
  '\u0000',
  '\ud800',
  'x'.repeat(300),
  [],
  {},
  [null],
  ['a', 'b'],
];

interface Change {
  readonly place: number;
  readonly kind: 'replace' | 'remove' | 'insert' | 'copy';
  readonly value: unknown;
  readonly from: number;
}

const change: fc.Arbitrary<Change> = fc.record({
  place: fc.nat(),
  kind: fc.constantFrom('replace', 'replace', 'remove', 'insert', 'copy'),
  value: fc.constantFrom(...odd),
  from: fc.nat(),
});

/** A JSON value with up to four parts replaced, removed, added, or put in each other's place. */
export function mutatedJson(json: unknown): fc.Arbitrary<unknown> {
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    const copy = structuredClone({ json });
    for (const step of changes) apply(copy, step);
    return copy.json;
  });
}

function apply(root: object, { place, kind, from, ...rest }: Change): void {
  const value = structuredClone(rest.value); // the next change may change it
  const places = placesOf(root);
  if (places.length === 0) return;
  const [holder, key] = places[place % places.length];
  const [source, sourceKey] = places[from % places.length];
  if (kind === 'remove' && Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (kind === 'remove') delete holder[key];
  else if (kind === 'insert' && Array.isArray(holder)) holder.splice(Number(key), 0, value);
  else if (kind === 'insert') holder[`${key}x`] = value;
  else holder[key] = kind === 'copy' ? structuredClone(source[sourceKey]) : value;
}

type Holder = Record<string, unknown>;

/** Each place in a value; of long lists and objects, the first and the last few. */
function placesOf(value: unknown, found: [Holder, string][] = []): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return found;
  const keys = Object.keys(value);
  const some = keys.length > 12 ? [...keys.slice(0, 8), ...keys.slice(-4)] : keys;
  for (const key of some) {
    found.push([value as Holder, key]);
    placesOf((value as Holder)[key], found);
  }
  return found;
}

/** Numbers at borders, as files say lengths and places. */
const borders: readonly Uint8Array[] = [2, 4, 8].flatMap((size) => {
  const most = (1n << BigInt(8 * size)) - 1n;
  return [0n, 1n, most >> 1n, (most >> 1n) + 1n, most - 1n, most].map((number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(number);
    return bytes.subarray(0, size);
  });
});

/** Bytes with some changed, half of them near the end, where a zip says what it holds; perhaps cut off or longer. */
export function mutatedBytes(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const value = fc.oneof(
    fc.nat({ max: 255 }).map((byte) => Uint8Array.of(byte)),
    fc.constantFrom(...borders),
  );
  const fromEnd = fc.oneof(fc.nat(), fc.nat({ max: 200 }));
  const writes = fc.array(fc.tuple(fromEnd, value), { maxLength: 6 });
  const end = fc.oneof(
    { weight: 3, arbitrary: fc.constant(bytes.length) },
    { weight: 1, arbitrary: fc.nat({ max: bytes.length }) },
  );
  return fc.tuple(writes, end, fc.uint8Array({ maxLength: 6 })).map(([written, length, more]) => {
    const copy = Uint8Array.from([...bytes.subarray(0, length), ...more]);
    for (const [back, value] of copy.length > 0 ? written : []) {
      const place = copy.length - 1 - (back % copy.length);
      copy.set(value.subarray(0, copy.length - place), place);
    }
    return copy;
  });
}
