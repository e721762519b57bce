/** Long lists: what can be seen, and what has to be asked for. */
import { expect, test } from 'vitest';
import { pageSize, pagesOf, rangeAt, withPage } from '../../src/ui/rows.ts';

test('what can be seen is there, with some rows around it, and never more than there are', () => {
  const place = { top: 6400, height: 640, rowHeight: 64 };
  expect(rangeAt(place, 100_000)).toEqual({ first: 92, end: 119 });
  expect(rangeAt({ ...place, top: 0 }, 100_000)).toEqual({ first: 0, end: 19 });
  expect(rangeAt(place, 105)).toEqual({ first: 92, end: 105 });
  expect(rangeAt(place, 3)).toEqual({ first: 3, end: 3 });
});

test('a range is covered by whole pages', () => {
  expect(pagesOf({ first: 92, end: 118 })).toEqual([0, 1]);
  expect(pagesOf({ first: pageSize, end: 2 * pageSize })).toEqual([1]);
  expect(pagesOf({ first: 3, end: 3 })).toEqual([]);
});

test('a list that has grown forgets what it had: rows have other places now', () => {
  const page = (total: number) => ({ total, rows: [] });
  const one = { address: 'a', total: 300, pages: new Map([[0, page(300)]]) };
  expect([...withPage(one, 1, page(300)).pages.keys()]).toEqual([0, 1]);
  const grown = withPage(one, 1, page(400));
  expect([grown.total, ...grown.pages.keys()]).toEqual([400, 1]);
});
