import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  byteText,
  counted,
  displayWidth,
  duration,
  fixed,
  memoryText,
  oneLine,
  pad,
  pText,
  signed,
  sparkline,
  spread,
  withoutSharedLines,
  wrap,
} from '../../src/report/text.ts';

test('numbers have a true minus, a plus where a sign is asked for, and no negative zero', () => {
  expect([fixed(-1.25, 1), fixed(-0.01, 1), fixed(2, 0)]).toEqual(['−1.3', '0.0', '2']);
  expect([signed(1.5, 1), signed(-1.5, 1), signed(0.01, 1), signed(-0.01, 1)]).toEqual([
    '+1.5',
    '−1.5',
    '0.0',
    '0.0',
  ]);
});

test('p-values, counts and durations read as a person writes them', () => {
  expect([pText(0.0001), pText(0.0341)]).toEqual(['p < 0.001', 'p = 0.034']);
  expect([counted(1, 'prompt'), counted(1500, 'prompt')]).toEqual(['1 prompt', '1,500 prompts']);
  expect([2.34, 52, 119.6, 571.4, 7500].map(duration)).toEqual([
    '2.3 s',
    '52 s',
    '2 min 0 s',
    '9 min 31 s',
    '2 h 5 min',
  ]);
});

test('bytes have the unit that a person would choose, and of an estimate its large parts', () => {
  expect([0, 3, 0.34e6].map(byteText)).toEqual(['0 MB', '0.1 MB', '0.3 MB']);
  expect([12e6, 340.4e6, 0.96e9, 2.649e9].map(byteText)).toEqual([
    '12 MB',
    '340 MB',
    '1.0 GB',
    '2.6 GB',
  ]);
  const parts = { weights: 1e9, training: 1.5e9, adapter: 0.1e9 };
  expect(memoryText({ total: 2.6e9, parts })).toBe(
    'about 2.6 GB (training 1.5 GB, weights 1.0 GB, …)',
  );
  expect(memoryText({ total: 1e9, parts: { all: 1e9 } })).toBe('about 1.0 GB (all 1.0 GB)');
  expect(memoryText({ total: 1e9, parts: { all: 1e9 }, where: 'in each worker at most' })).toBe(
    'about 1.0 GB in each worker at most (all 1.0 GB)',
  );
});

test('a sparkline goes from the lowest bar to the highest', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
  expect(sparkline([5, 5, 5])).toBe('▄▄▄');
  expect(sparkline([1, Number.NaN, 2])).toBe('▁█');
  expect(sparkline([])).toBe('');
  expect(sparkline(Array.from({ length: 500 }, (_, i) => i)).length).toBe(60);
});

test('a spread holds the first and the last item', () => {
  expect(spread([1, 2, 3], 5)).toEqual([1, 2, 3]);
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8], 3)).toEqual([0, 4, 8]);
});

test('CJK and emoji are two columns wide, marks and joiners none', () => {
  expect(['ab', '안녕', '\u{1f600}', 'e\u0301', '\u200b', '👩‍👩‍👧'].map(displayWidth)).toEqual([
    2, 4, 2, 1, 0, 2,
  ]);
  expect(pad('안', 4)).toBe('안  ');
  expect(pad('1', 3, 'left')).toBe('  1');
});

test('escape sequences and line breaks of a text do not reach the terminal', () => {
  expect(oneLine('a\u001b[31mred\u0007\r\n\tb\u2028c')).toBe('a [31mred b c');
});

test('text wraps at words, and what does not fit ends in an ellipsis', () => {
  expect(wrap('the bus is late again', 8)).toEqual(['the bus', 'is late', 'again']);
  expect(wrap('the bus is late again', 8, 2)).toEqual(['the bus', 'is late…']);
  expect(wrap('unbelievable', 5)).toEqual(['unbel', 'ievab', 'le']);
  expect(wrap('', 5)).toEqual(['']);
});

test('no wrapped line is wider than asked, and unlimited wrapping loses nothing', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 60 });
  const property = fc.property(texts, fc.integer({ min: 4, max: 30 }), (text, width) => {
    for (const line of wrap(text, width, 3)) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    expect(wrap(text, width).join('').replaceAll(' ', '')).toBe(oneLine(text).replaceAll(' ', ''));
  });
  fc.assert(property, { seed: 1 });
});

test('lines that all prompts share at their start and end are left out', () => {
  const prompt = (talk: string) => `Summarize this.\n\n${talk}\n\nSummary: `;
  expect(withoutSharedLines([prompt('a\nb'), prompt('c')])).toEqual(['a\nb', 'c']);
  expect(withoutSharedLines([prompt('a')])).toEqual([prompt('a').trim()]);
  expect(withoutSharedLines(['same', 'same'])).toEqual(['same', 'same']);
  expect(withoutSharedLines([])).toEqual([]);
});
