import { expect, test } from 'vitest';
import { hasBf16Flag } from '../../src/runtime/cpu.ts';

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
