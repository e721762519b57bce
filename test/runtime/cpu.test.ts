import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasBf16Flag, hasWideCache } from '../../src/runtime/cpu.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();
const cpuinfo = (flags: string) =>
  `processor\t: 0\nvendor_id\t: X\nflags\t\t: ${flags}\nbugs\t\t:\n`;

test.each([
  ['avx512f avx512_bf16 avx512vl', true],
  ['amx_bf16 amx_tile', true],
  ['fpu avx2 avx512f avx512_vnni', false],
  ['not_avx512_bf16 amx_bf16x', false],
])('of the flags "%s" bf16 is known to be there: %s', (flags, there) => {
  expect(hasBf16Flag(cpuinfo(flags))).toBe(there);
});

test('a text without flags, as on Arm, has none', () => {
  expect(hasBf16Flag('processor\t: 0\nFeatures\t: fp asimd bf16\n')).toBe(false);
});

test.each([
  [{ level: '1', type: 'Data', ways_of_associativity: '12' }, true],
  [{ level: '1', type: 'Data', ways_of_associativity: '8' }, false],
  [{ level: '1', type: 'Instruction', ways_of_associativity: '16' }, false],
  [{ level: '2', type: 'Unified', ways_of_associativity: '20' }, false],
  [{ level: '1', type: 'Data' }, false],
])('of a cache %o the first one holds many lines of one place: %s', async (told, wide) => {
  const folder = await newFolder();
  await mkdir(join(folder, 'index0'));
  for (const [name, text] of Object.entries(told)) {
    await writeFile(join(folder, 'index0', name), `${text}\n`);
  }
  expect(hasWideCache(folder)).toBe(wide);
  expect(hasWideCache(join(folder, 'nowhere'))).toBe(false);
});
