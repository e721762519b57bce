/** The address of the dashboard names its view. */
import { expect, test } from 'vitest';
import { hashOf, type Route, routeOf, runsOf, textOfRuns } from '../../src/ui/route.ts';

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

test('what a view was asked for stands in the address, and an empty filter does not', () => {
  const asked = { runs: '["a b","c"]', search: 'what? & why', sort: 'kl' };
  const hash = hashOf({ view: 'samples', asked: { ...asked, group: '' } });
  expect(hash).not.toContain('group');
  expect(routeOf(hash)).toEqual({ view: 'samples', asked });
  expect(routeOf('#/samples')).toEqual({ view: 'samples', asked: {} });
  expect(routeOf('#/samples/more')).toEqual({ view: 'missing' });
  expect(routeOf(hashOf({ view: 'runs', asked: { runs: 'a' } }))).toEqual({
    view: 'runs',
    asked: { runs: 'a' },
  });
});

test('several runs stand in one text, whatever their names hold', () => {
  const runs = ['a', 'seeds/7', 'one, two', '100%'];
  expect(runsOf(textOfRuns(runs))).toEqual(runs);
  expect([runsOf(), runsOf('')]).toEqual([[], []]);
});
