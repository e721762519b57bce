import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hasBf16 } from '../../src/runtime/cpu.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { EngineOptions } from '../../src/runtime/engines.ts';
import { checkOpenVino } from '../../src/runtime/openvino-check.ts';
import type { Work } from '../../src/runtime/record.ts';
import { startWorker } from '../../src/runtime/remote.ts';
import { startEngine } from '../../src/runtime/select.ts';
import { speedsOf } from '../../src/runtime/speed.ts';
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

const openvino = process.env.TEST_OPENVINO;
const large = { width: 512, bytes: 1e6 };
const of = (work: Work) => async () => work;

describe('auto without OpenVINO is ONNX Runtime', () => {
  test.each<[string, EngineOptions, string]>([
    ['that it was not told the model', {}, 'not known to be better here'],
    ['that there is none', { work: of(large) }, 'not found'],
  ])('and says %s', async (_, options, why) => {
    const asked = await description({ ...options, precision: 'bf16' });
    expect(asked).toMatch(new RegExp(`^${version} \\(not openvino: ${why}\\)$`));
    // unless something is asked for, the CPU comes first
    const own = await description(options);
    if (!hasBf16()) expect(own).toMatch(/\(not openvino: no bf16 in this CPU\)$/);
    else expect(own).toBe(asked);
  });

  test('and says that there is not the memory', async () => {
    const asked = await description({
      precision: 'bf16',
      work: of({ ...large, bytes: 1e15 }),
    });
    expect(asked).toMatch(
      /\(not openvino: may take 12000000\.0 GB, and \d+\.\d GB are available\)$/,
    );
  });
});

describe('without OpenVINO', () => {
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
    const asked = await description({ precision: 'bf16', work: of(large) });
    expect(asked).toMatch(/\(not openvino: its library does not work\)$/);
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

describe('how fast an engine is', () => {
  const open = () => startWorker({ engine: 'onnxruntime', threads: 1 });

  test('is measured on the width of a model, beside ONNX Runtime, and kept', async () => {
    const engine = await open();
    const speeds = await speedsOf(engine, 24, 1);
    // the same engine twice: nobody can tell who is faster, but nobody takes no time
    expect(Math.min(speeds.own, speeds.trusted)).toBeGreaterThan(0);
    await engine.close();
    // nobody computes any more
    expect(await speedsOf(engine, 24, 1)).toEqual(speeds);
    await expect(speedsOf(engine, 32, 1)).rejects.toThrow('closed');
    await expect(speedsOf(engine, 24, 2)).rejects.toThrow('closed');
  });

  test.runIf(openvino && hasBf16()).each([
    [
      { own: 2, trusted: 1 },
      /^onnxruntime .* \(not openvino: takes 2\.0 times as long on a block 24 wide\)$/,
    ],
    [{ own: 1, trusted: 3 }, /^openvino .* \(3\.0 times as fast on a block 24 wide\)$/],
  ])('decides what auto is: %o', async (result, expected) => {
    vi.stubEnv('TACTFUL_OPENVINO', openvino!);
    const options = { threads: 1, work: of({ width: 24, bytes: 1e6 }) };
    await (await startEngine(options)).close();
    const folder = join(process.env.XDG_CACHE_HOME!, 'tactful');
    const [name] = (await readdir(folder)).filter((one) => one.startsWith('speed-'));
    const record = JSON.parse(await readFile(join(folder, name), 'utf8'));
    await writeFile(join(folder, name), JSON.stringify({ ...record, result }));
    expect(await description(options)).toMatch(expected);
  });
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
    const other = { ...engine, library: 'another 1.0' };
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
