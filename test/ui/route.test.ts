/** The address of the dashboard names its view. */
import { expect, test } from 'vitest';
import { hashOf, type Route, routeOf } from '../../src/ui/route.ts';

test('each view has an address, and is found by it', () => {
  const routes: Route[] = [
    { view: 'runs' },
    { view: 'run', run: 'a' },
    { view: 'run', run: 'seeds/7 %?#' },
    { view: 'settings', run: 'seeds/7' },
  ];
  expect(routes.map((route) => routeOf(hashOf(route)))).toEqual(routes);
});

test('without a fragment there is the list, and what no view has is missing', () => {
  expect(['', '#', '#/'].map(routeOf)).toEqual(Array(3).fill({ view: 'runs' }));
  const wrong = ['#/nothing', '#/runs/a/nothing', '#/runs/a/settings/more'];
  expect(wrong.map(routeOf)).toEqual(Array(3).fill({ view: 'missing' }));
});

test('a lone percent sign is no error', () => {
  expect(routeOf('#/runs/100%')).toEqual({ view: 'run', run: '100%' });
});
