/** One prompt across steps and runs. */
import { expect, test } from 'vitest';
import { gridOf, type Response } from '../../src/ui/across.ts';

function response(run: string, step: number, row = 0): Response {
  const numbers = { score: 0, kl: 0, logprob: 0, refLogprob: 0, advantage: 0 };
  const text = `${run}${step}${row}`;
  return {
    run,
    step,
    row,
    id: 'x',
    query: 'q',
    response: text,
    length: 1,
    truncated: false,
    ...numbers,
  };
}

const responses = [response('b', 3), response('a', 1), response('a', 3, 1), response('a', 3)];
const texts = (compared: 'first' | 'before' | 'nothing') =>
  gridOf(responses, compared).lines.map(({ cells }) =>
    cells.map((inside) => inside.map((one) => [one.response.response, one.base?.response])),
  );

test('steps are lines, runs are columns, and what a run said several times stands in one place', () => {
  const { runs, lines } = gridOf(responses, 'nothing');
  expect(runs).toEqual(['a', 'b']);
  expect(lines.map(({ step }) => step)).toEqual([1, 3]);
  expect(texts('nothing')).toEqual([
    [[['a10', undefined]], []],
    [
      [
        ['a30', undefined],
        ['a31', undefined],
      ],
      [['b30', undefined]],
    ],
  ]);
});

test('each is compared with the first of all, or with the one before of its own run', () => {
  const bases = (compared: 'first' | 'before') =>
    texts(compared)
      .flat(2)
      .map(([, base]) => base);
  expect(bases('first')).toEqual([undefined, 'a10', 'a10', 'a10']);
  expect(bases('before')).toEqual([undefined, 'a10', 'a30', undefined]);
});
