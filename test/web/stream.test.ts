import { expect, test } from 'vitest';
import { streamed } from '../../src/web/stream.ts';

/** Tells `a` for ever, and whether it was told to end. */
function endless() {
  const signals: AbortSignal[] = [];
  async function* made(ended: AbortSignal) {
    signals.push(ended);
    while (!ended.aborted) yield 'a';
  }
  return { signals, made };
}

test('whoever listens no more ends what is told', async () => {
  const { signals, made } = endless();
  const reader = streamed(made, new AbortController().signal).getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('a');
  expect(signals[0].aborted).toBe(false);
  await reader.cancel();
  expect(signals[0].aborted).toBe(true);
});

test('the end of all ends each, one that begins after it too', async () => {
  const end = new AbortController();
  const { made } = endless();
  const reader = streamed(made, end.signal).getReader();
  await reader.read();
  end.abort();
  while (!(await reader.read()).done); // what was on its way comes
  const late = streamed(made, end.signal).getReader();
  expect((await late.read()).done).toBe(true);
});
