/** What bytes do wherever they lie. */
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { type BlobOptions, nameOf } from '../../src/machines/blobs.ts';
import type { Blobs } from '../../src/machines/protocol.ts';

/** A place for blobs, empty or not. */
export interface BlobPlace {
  open(options: BlobOptions): Promise<Blobs>;
  /** Turns one bit of a blob where it lies. */
  damage(options: BlobOptions, name: string): Promise<void>;
}

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
let runs = 0;
/** A run that nobody has had. */
const newRun = () => ({ prefix: 'tests', run: `${++runs}`.padStart(12, '0') });

export function blobContract(title: string, place: () => Promise<BlobPlace>): void {
  describe(title, () => {
    test('they come back as they went, for everybody of the run and for nobody else', async () => {
      const { open } = await place();
      const mine = newRun();
      const [here, there] = [await open(mine), await open(mine)];
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      await here.put('rest', Buffer.from(all).subarray(1, 3));
      await here.put('all', all);
      await here.put('empty', new Uint8Array(0));
      expect([...(await there.get('all'))!]).toEqual([...all]);
      expect([...(await there.get('rest'))!]).toEqual([1, 2]);
      expect((await there.get('empty'))!.length).toBe(0);
      expect(await there.get('none')).toBeUndefined();
      expect(await (await open(newRun())).get('all')).toBeUndefined();
      expect(await (await open({ ...mine, prefix: 'others' })).get('all')).toBeUndefined();
    });

    test('what is put again is there', async () => {
      const blobs = await (await place()).open(newRun());
      await blobs.put('one', bytes);
      await blobs.put('one', bytes);
      expect([...(await blobs.get('one'))!]).toEqual([...bytes]);
    });

    test('dropped ones are gone, and may be dropped again', async () => {
      const blobs = await (await place()).open(newRun());
      for (const name of ['a', 'b', 'c']) await blobs.put(name, bytes);
      await blobs.drop(['a', 'b']);
      await blobs.drop(['a', 'b', 'never']);
      await blobs.drop([]);
      expect(await blobs.get('a')).toBeUndefined();
      expect(await blobs.get('c')).toBeDefined();
    });

    test('damaged ones are refused where their name is their hash', async () => {
      const { open, damage } = await place();
      const mine = newRun();
      const blobs = await open(mine);
      const name = nameOf(bytes);
      await blobs.put(name, bytes);
      expect(await blobs.get(name)).toBeDefined();
      await damage(mine, name);
      await expect(blobs.get(name)).rejects.toThrow(
        /: blob: expected sha256 [0-9a-f]{12}…, got sha256 [0-9a-f]{12}…, 1000 bytes\.$/,
      );
    });

    test('one that is too large is refused by name, and so are too many', async () => {
      const { open } = await place();
      const mine = newRun();
      const blobs = await open({ ...mine, largest: 1000, total: 2500 });
      const large = new Uint8Array(1001);
      const refused = blobs.put('large', large);
      await expect(refused).rejects.toThrow(InputError);
      await expect(refused).rejects.toThrow(
        'blob large: expected at most 1000 bytes in one piece, got 1001.',
      );
      await blobs.put('a', bytes);
      await blobs.put('b', bytes);
      await expect(blobs.put('c', bytes)).rejects.toThrow(
        'blob c: expected at most 2500 bytes under way at one time, got 3000.',
      );
      expect(await blobs.get('large')).toBeUndefined();
      expect(await blobs.get('c')).toBeUndefined();
      await blobs.drop(['a']);
      await blobs.put('c', bytes);
      expect(await blobs.get('c')).toBeDefined();
    });

    test('what nobody asks for is forgotten, and leaves room', async () => {
      const { open } = await place();
      const options = { ...newRun(), seconds: 2, total: 2500 };
      const blobs = await open(options);
      await blobs.put('old', bytes);
      await blobs.put('asked', bytes);
      await setTimeout(1300);
      await blobs.get('asked');
      await setTimeout(1300);
      const later = await open(options);
      expect(await later.get('old')).toBeUndefined();
      expect(await later.get('asked')).toBeDefined();
      await blobs.put('new', bytes);
      await blobs.put('newer', bytes);
    });

    test.each([
      '',
      '.',
      '..',
      '../a',
      'a/b',
      'a\\b',
      'a:b',
      '.hidden',
      'a'.repeat(101),
      'ü',
      'a\n',
    ])('no name leads elsewhere: %j', async (name) => {
      const blobs = await (await place()).open(newRun());
      const wrong = /blob: expected a name of letters, digits, - and \., got/;
      await expect(blobs.put(name, bytes)).rejects.toThrow(wrong);
      await expect(blobs.get(name)).rejects.toThrow(wrong);
      await expect(blobs.drop([name])).rejects.toThrow(wrong);
    });
  });
}
