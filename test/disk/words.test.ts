import { describe, expect, test } from 'vitest';
import {
  guarded,
  isOfDisk,
  ofDisk,
  outputInstead,
  unreadable,
  unwritable,
  wordsOf,
} from '../../src/disk/words.ts';
import { InputError, UnavailableError } from '../../src/errors.ts';

function system(code: string, syscall: string, more: { path?: string; dest?: string } = {}): Error {
  return Object.assign(new Error(`${code}: something, ${syscall}`), { code, syscall, ...more });
}
const place = { path: 'out/run', instead: outputInstead };
const said = (error: unknown) => (error as Error).message;

describe('what cannot be written', () => {
  test.each([
    [
      'ENOSPC',
      'out/run: expected room on the disk, got a full disk. Make room, or name another folder by `output`.',
    ],
    [
      'EDQUOT',
      'out/run: expected room on the disk, got a quota that is used up. Make room, or name another folder by `output`.',
    ],
    [
      'EROFS',
      'out/run: expected a place that can be written, got a read-only disk. Name another folder by `output`.',
    ],
    [
      'EACCES',
      'out/run: expected a place that can be written, got no permission. Name another folder by `output`.',
    ],
    [
      'EPERM',
      'out/run: expected a place that can be written, got no permission. Name another folder by `output`.',
    ],
    [
      'ENOTDIR',
      'out/run: expected a place that can be written, got a file where a folder has to be. Name another folder by `output`.',
    ],
    [
      'ENAMETOOLONG',
      'out/run: expected a place that can be written, got a name that is too long. Name another folder by `output`.',
    ],
    [
      'EMFILE',
      'out/run: expected a place that can be written, got too many open files (ulimit -n). Raise that limit.',
    ],
    [
      'EFBIG',
      'out/run: expected a place that can be written, got a file larger than is allowed here (ulimit -f). Raise that limit.',
    ],
  ])('%s', (code, message) => {
    const error = unwritable(system(code, 'write'), place);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(said(error)).toBe(message);
    expect(isOfDisk(error)).toBe(true);
  });

  test('is named by the name that it would have had', () => {
    const id = crypto.randomUUID();
    const at = (path: string, more = {}) =>
      said(unwritable(system('EROFS', 'open', { path, ...more }), place));
    expect(at(`/a/out/run/.step-3.${id}.tmp/.state.json.${id}.tmp`)).toMatch(
      '/a/out/run/step-3/state.json: ',
    );
    expect(
      said(unwritable(system('EROFS', 'copyfile', { path: 'model/a', dest: 'out/run/a' }), place)),
    ).toMatch('out/run/a: ');
  });

  test('is told with the bytes that are needed', () => {
    const told = (bytes: number) =>
      said(unwritable(system('ENOSPC', 'write'), { ...place, bytes }));
    expect(told(12_345_678)).toMatch('expected room for 12.3 MB, got a full disk.');
    expect(told(5.04e9)).toMatch('expected room for 5.0 GB, got a full disk.');
  });

  test('is not what is read meanwhile', () => {
    const told = (error: Error) => said(unwritable(error, { ...place, path: './out/run' }));
    expect(told(system('EACCES', 'open', { path: '/models/m' }))).toBe(
      '/models/m: expected a readable file, got no permission. Let this user read it.',
    );
    expect(told(system('EIO', 'read'))).toBe(
      './out/run: expected a readable file, got an error of the disk itself. Take another copy of it.',
    );
    expect(told(system('EACCES', 'open', { path: '/x/out/run/a' }))).toMatch('can be written');
  });

  test('is only what the system says of files', () => {
    const others = [
      new InputError('a', 'b', 'c'),
      new Error('d'),
      system('EACCES', 'connect'),
      system('ECONNRESET', 'read'),
      'e',
    ];
    for (const error of others) {
      expect(unwritable(error, place)).toBe(error);
      expect(unreadable(error, 'x')).toBe(error);
      expect(ofDisk(error)).toBe(error);
      expect(isOfDisk(error)).toBe(false);
    }
  });
});

test('methods that write are guarded, others are not, and all work as before', async () => {
  const fail = async () => Promise.reject(system('ENOSPC', 'write'));
  const files = guarded(
    { writeIt: fail, read: fail, name: 'x', writeTwo: async (n: number) => 2 * n },
    place,
  );
  await expect(files.writeIt()).rejects.toThrow('out/run: expected room on the disk');
  await expect(files.read()).rejects.toThrow('ENOSPC: something, write');
  expect(files.name).toBe('x');
  expect(await files.writeTwo(3)).toBe(6);
});

test('what nobody has foreseen has words as well', () => {
  expect(said(ofDisk(system('EMFILE', 'open', { path: 'a' })))).toBe(
    'a: expected a file or folder to work with (open), got too many open files (ulimit -n). Check the path.',
  );
  expect(said(ofDisk(system('ENOSPC', 'write')))).toMatch(/ got a full disk\. Make room\.$/);
  expect(wordsOf(system('EODD', 'open'))).toBe('EODD');
  expect(wordsOf(new Error('none'))).toBe('none');
  expect(wordsOf(undefined)).toBe('undefined');
});
