import { expect, test } from 'vitest';
import { checkMemory as examineMemory } from '../../src/doctor/memory.ts';
import { UnavailableError } from '../../src/errors.ts';
import { memoryRemedy } from '../../src/jobs/detox/memory.ts';
import { checkMemory } from '../../src/jobs/memory.ts';

const estimate = { total: 5.2e9, parts: { training: 3.1e9, weights: 1.9e9, program: 0.2e9 } };
const cpu = { description: 'onnxruntime 1.30.0 cpu, 2 threads', memory: 'process' } as const;
const other = { description: 'onnxruntime 1.30.0 cuda, 2 threads', memory: 'device' } as const;
const workers = { description: 'workers on onnxruntime 1.30.0', memory: 'workers' } as const;
const has = (bytes: number) => async () => bytes;

test('a run that takes more memory than there is does not start, and says what to do', async () => {
  const start = checkMemory(estimate, cpu, memoryRemedy, has(3.06e9));
  await expect(start).rejects.toThrow(UnavailableError);
  await expect(start).rejects.toThrow(
    'memory: expected about 5.2 GB (training 3.1 GB, weights 1.9 GB, …), got 3.1 GB available. ' +
      'Use `gradientCheckpointing`, or a smaller `miniBatchSize`,',
  );
});

test('a run that fits starts, and one on workers or a device with memory of their own', async () => {
  await checkMemory(estimate, cpu, memoryRemedy, has(5.2e9));
  await checkMemory(estimate, other, memoryRemedy, has(1e9));
  await checkMemory(estimate, workers, memoryRemedy, has(1e9));
});

test('a rough estimate keeps no run from starting, and the check-up warns', async () => {
  const engine = { ...cpu, description: 'openvino 2026.4.1 cpu bf16, 2 threads' };
  const memory = { ...estimate, rough: true };
  await checkMemory(memory, engine, memoryRemedy, has(3.06e9));
  const verdict = await examineMemory({ memory, engine }, has(3.06e9));
  expect(verdict).toMatchObject({ status: 'warning' });
  expect(verdict.says).toMatch(
    /^The run takes roughly 5\.2 GB .*: it may not fit; how much this engine takes is not known well\.$/,
  );
  expect(await examineMemory({ memory, engine }, has(6e9))).toMatchObject({ status: 'ok' });
});

test('the check-up says beforehand what would happen', async () => {
  const memory = estimate;
  const there = has(20e9);
  expect(await examineMemory({ memory, engine: cpu }, there)).toEqual({
    status: 'ok',
    says: 'The run takes about 5.2 GB (training 3.1 GB, weights 1.9 GB, …) of memory, and 20.0 GB are available.',
  });
  const verdict = await examineMemory({ memory, engine: cpu }, has(1e9));
  expect(verdict).toMatchObject({ status: 'error' });
  expect(verdict.says).toMatch(/1\.0 GB are available: it would not start\.$/);
  expect(verdict.remedy).toMatch(/^Use `gradientCheckpointing`/);
  expect(await examineMemory({ memory, engine: other }, has(1e9))).toMatchObject({ status: 'ok' });
  const elsewhere = { ...memory, where: 'in each worker at most' } as const;
  expect(await examineMemory({ memory: elsewhere, engine: workers }, has(1e9))).toEqual({
    status: 'ok',
    says: 'The run takes about 5.2 GB in each worker at most (training 3.1 GB, weights 1.9 GB, …) of memory.',
  });
});
