/** What every RunStore does; each implementation runs this suite. */
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.ts';
import type { RunStore } from '../../src/store/store.ts';

const step = (number: number, note = ''): RunEvent => ({
  type: 'step',
  step: number,
  steps: 9,
  metrics: { 'objective/kl': number / 3, [note]: -1e-300 },
});

/** `open` gives an empty store. */
export function storeContract(name: string, open: () => Promise<RunStore>): void {
  describe(`${name} is a run store`, () => {
    test('events come back as they were, in the order of append', async () => {
      const store = await open();
      const events = [step(1, 'line\nbreak\u2028 "quoted" 안녕 \u{1f600}'), step(2), step(3)];
      for (const event of events) await store.append('a', event);
      expect(await store.read('a')).toEqual(events);
    });

    test('appends that do not wait for each other keep their order', async () => {
      const store = await open();
      const events = Array.from({ length: 50 }, (_, i) => step(i));
      await Promise.all(events.map((event) => store.append('a', event)));
      expect(await store.read('a')).toEqual(events);
    });

    test('runs are apart from each other', async () => {
      const store = await open();
      await store.append('b', step(1));
      await store.append('a.2', step(2));
      expect(await store.read('b')).toEqual([step(1)]);
      expect(await store.read('a.2')).toEqual([step(2)]);
      expect(await store.list()).toEqual(['a.2', 'b']);
    });

    test('an empty store lists nothing, and a run that nobody wrote has no events', async () => {
      const store = await open();
      expect(await store.list()).toEqual([]);
      expect(await store.read('nobody')).toEqual([]);
    });

    test('progress events are not kept', async () => {
      const store = await open();
      await store.append('a', { type: 'progress', phase: 'generate', done: 1, total: 2 });
      expect(await store.read('a')).toEqual([]);
      expect(await store.list()).toEqual([]);
    });

    test('a resumed event takes back what came after its step', async () => {
      const store = await open();
      const started = { type: 'started', runId: 'a' } as RunEvent;
      const evaluated = (when: 'before' | 'after') => ({ type: 'evaluated', when }) as RunEvent;
      const checkpoint: RunEvent = { type: 'checkpoint', step: 1, path: 'checkpoints/step-000001' };
      const calibrated: RunEvent = { type: 'calibrated', n: 1, mean: 0, std: 1 };
      const resumed = (number: number) => ({ type: 'resumed', step: number }) as RunEvent;
      const stopped: RunEvent = { type: 'stopped', step: 2, reason: 'interrupted' };
      const kept = [started, evaluated('before'), calibrated, step(1), checkpoint];
      const lost = [step(2), stopped, evaluated('after')];
      for (const event of [...kept, ...lost, resumed(1)]) await store.append('a', event);
      expect(await store.read('a')).toEqual([...kept, resumed(1)]);
      for (const event of [step(2), resumed(1), step(2)]) await store.append('a', event);
      expect(await store.read('a')).toEqual([...kept, resumed(1), resumed(1), step(2)]);
      await store.append('a', resumed(0));
      expect(await store.read('a')).toEqual([started, evaluated('before'), resumed(0)]);
    });

    test('a run that starts again has only what comes then', async () => {
      const store = await open();
      const started = { type: 'started', runId: 'a' } as RunEvent;
      for (const event of [started, step(1), started, step(1)]) await store.append('a', event);
      expect(await store.read('a')).toEqual([started, step(1)]);
    });

    test('what is read is a copy', async () => {
      const store = await open();
      await store.append('a', step(1));
      (await store.read('a')).pop();
      expect(await store.read('a')).toEqual([step(1)]);
    });

    test('a run id cannot lead out of the store', async () => {
      const store = await open();
      for (const runId of ['../a', 'a/b', '', '..', '.hidden', 'a\\b']) {
        await expect(store.append(runId, step(1))).rejects.toThrow('run id: expected letters');
        await expect(store.read(runId)).rejects.toThrow('run id: expected letters');
      }
    });
  });
}
