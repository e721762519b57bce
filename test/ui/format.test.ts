/** Numbers as the page shows them. */
import { expect, test } from 'vitest';
import {
  bytes,
  clock,
  duration,
  settingText,
  shortNumber,
  shortPath,
} from '../../src/ui/format.ts';

test('numbers have four digits, and a minus sign', () => {
  const shown = [0, 0.123456, -12.3456, 123456, 1234567, 0.0000123, -4.5e-7].map(shortNumber);
  expect(shown).toEqual(['0', '0.1235', '−12.35', '123500', '1.23e+6', '1.23e-5', '−4.50e-7']);
  expect([shortNumber(null), shortNumber(undefined)]).toEqual(['', '']);
});

test('durations, sizes and times are read at a glance', () => {
  expect([0.4, 59.6, 200, 7500].map(duration)).toEqual([
    '0 s',
    '1 min 00 s',
    '3 min 20 s',
    '2 h 05 min',
  ]);
  expect([812_345_678, 1_440_000_000].map(bytes)).toEqual(['812 MB', '1.4 GB']);
  expect(clock('2026-11-29T12:30:00')).toBe('2026-11-29 12:30');
  expect(clock('yesterday')).toBe('yesterday');
});

test('a setting is its word, or JSON', () => {
  expect(['ppo', 3, [1, 2], undefined].map(settingText)).toEqual(['ppo', '3', '[1,2]', '']);
});

test('a model on the disk is known by the last of its path, one of the hub by its name', () => {
  const paths = ['/home/a/models/flan', 'C:\\models\\flan\\', 'google/flan-t5-base', '/flan'];
  expect(paths.map(shortPath)).toEqual([
    'models/flan',
    'models/flan',
    'google/flan-t5-base',
    'flan',
  ]);
});
