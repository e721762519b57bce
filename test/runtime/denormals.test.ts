/** A process of its own: the mode of its threads is set once. */
import { expect, test } from 'vitest';
import { startWorker } from '../../src/runtime/remote.ts';
import { allOrNothing, flushed } from './denormals.ts';

test('every engine of a process has 0 in place of denormal numbers, in each of its threads', async () => {
  for (const threads of [1, 2, 3]) {
    const engine = await startWorker({ engine: 'onnxruntime', threads });
    const beside = await startWorker({ engine: 'onnxruntime', threads });
    expect(await flushed(engine)).toBe(allOrNothing);
    await engine.close();
    expect(await flushed(beside)).toBe(allOrNothing);
    await beside.close();
  }
});
