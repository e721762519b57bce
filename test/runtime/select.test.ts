import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hasBf16 } from '../../src/runtime/cpu.ts';
import type { Engine, EngineOptions } from '../../src/runtime/engine.ts';
import { startWorker } from '../../src/runtime/remote.ts';
import { checkOpenVino, startEngine } from '../../src/runtime/select.ts';
import { trust } from '../../src/runtime/trust.ts';
import { temporaryFolder } from '../model/tiny.ts';

/** Nothing is set up here but what a test sets up. */
beforeEach(async () => {
  vi.stubEnv('TACTFUL_OPENVINO', '');
  vi.stubEnv('XDG_DATA_HOME', await temporaryFolder());
  vi.stubEnv('XDG_CACHE_HOME', await temporaryFolder());
});
afterEach(() => vi.unstubAllEnvs());

const version = 'onnxruntime \\d+\\.\\d+\\.\\d+ cpu, 1 thread';

async function description(options: EngineOptions): Promise<string> {
  const engine = await startEngine({ threads: 1, ...options });
  await engine.close();
  return engine.description;
}

describe('without OpenVINO', () => {
  test('auto is ONNX Runtime, and says why', async () => {
    const why = hasBf16() ? 'not found' : 'no bf16 in this CPU';
    expect(await description({})).toMatch(new RegExp(`^${version} \\(openvino: ${why}\\)$`));
    const asked = await description({ precision: 'bf16' });
    expect(asked).toMatch(/\(openvino: not found\)$/);
  });

  test.each<EngineOptions>([{ engine: 'onnxruntime' }, { precision: 'f32' }])(
    '%o is ONNX Runtime, and nothing needs to be said',
    async (options) => {
      expect(await description(options)).toMatch(new RegExp(`^${version}$`));
    },
  );

  test('to ask for it is an error that says what to run', async () => {
    await expect(startEngine({ engine: 'openvino' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message:
        "engine openvino: expected OpenVINO's library, got not found. Run: tactful setup openvino",
    });
  });

  test('a check tells that there is none', async () => {
    const check = await checkOpenVino();
    expect(check).toMatchObject({ passed: false, text: 'not found', bf16: hasBf16() });
    expect(check.cpu).not.toBe('');
    expect(check.library).toBeUndefined();
  });
});

describe('with a library that is none', () => {
  beforeEach(async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'libopenvino_c.so'), 'no library');
    vi.stubEnv('TACTFUL_OPENVINO', folder);
  });

  test('auto goes on without it', async () => {
    expect(await description({ precision: 'bf16' })).toMatch(
      /\(openvino: its library does not work\)$/,
    );
  });

  test('to ask for it is an error with the reason', async () => {
    await expect(startEngine({ engine: 'openvino' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(
        /^engine openvino: expected OpenVINO's C library, 2026\.4 or later, in \S+, got .+ Run: tactful setup openvino$/,
      ),
    });
  });
});

test.each<[EngineOptions, string]>([
  [{ engine: 'openvino', device: 'cuda' }, 'engine openvino: expected device cpu, got cuda.'],
  [
    { engine: 'onnxruntime', precision: 'bf16' },
    'engine onnxruntime: expected precision f32, got bf16. ONNX Runtime has no other',
  ],
])('%o contradicts itself', async (options, message) => {
  await expect(startEngine(options)).rejects.toThrow(message);
});

describe('what a self-test says', () => {
  const open = () => startWorker({ engine: 'onnxruntime', threads: 1 });
  let engine: Engine;
  beforeEach(async () => {
    engine = await open();
    return () => engine.close();
  });
  const kept = async () => {
    const folder = join(process.env.XDG_CACHE_HOME!, 'tactful');
    const names = await readdir(folder);
    return names.map((name) => join(folder, name));
  };

  test('is kept, for this engine, CPU, precision and version, until it is asked again', async () => {
    const result = await trust(engine, { precision: 'f32' });
    expect(result).toMatchObject({ passed: true });
    const [file, ...others] = await kept();
    expect(others).toEqual([]);
    const record = JSON.parse(await readFile(file, 'utf8'));
    expect(record).toMatchObject({ precision: 'f32', result });

    await writeFile(file, JSON.stringify({ ...record, result: { passed: false, text: 'kept' } }));
    expect(await trust(engine, { precision: 'f32' })).toEqual({ passed: false, text: 'kept' });
    const other = { ...engine, description: 'another 1.0, 2 threads' };
    expect(await trust(other, { precision: 'f32' })).toMatchObject({ passed: true });
    expect(await trust(engine, { precision: 'f32', again: true })).toEqual(result);
    expect(await trust(engine, { precision: 'f32' })).toEqual(result);
  });

  test('that was not kept whole is made again', async () => {
    await trust(engine, { precision: 'f32' });
    const [file] = await kept();
    await writeFile(file, '{"result":');
    expect(await trust(engine, { precision: 'f32' })).toMatchObject({ passed: true });
  });

  test('does not need a cache folder', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    vi.stubEnv('XDG_CACHE_HOME', file);
    expect(await trust(engine, { precision: 'f32' })).toMatchObject({ passed: true });
  });
});
