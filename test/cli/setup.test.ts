import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { indexServer, wheel } from '../install/index-server.ts';
import { temporaryFolder } from '../model/tiny.ts';
import { tactful } from './io.ts';

let data: string;
beforeEach(async () => {
  data = await temporaryFolder();
  vi.stubEnv('TACTFUL_OPENVINO', '');
  vi.stubEnv('XDG_DATA_HOME', data);
});
afterEach(() => vi.unstubAllEnvs());

test('a check where nothing is set up says so, and fails', async () => {
  const { code, out } = await tactful(['setup', 'openvino', '--check', '--quiet']);
  expect(code).toBe(1);
  expect(out).toMatch(
    /^library {9}none: not found\nCPU {13}.*, with(out)? bf16\n--engine auto {3}onnxruntime: no openvino\n$/,
  );
  const json = await tactful(['setup', 'openvino', '--check', '--json', '--quiet']);
  expect(JSON.parse(json.out)).toMatchObject({ passed: false, text: 'not found' });
});

/** The wheel of the tests. */
const fits = process.platform === 'linux' && process.arch === 'x64';

test.runIf(fits)(
  'what was fetched is tested: a library that is none fails, where it is told',
  async () => {
    const { index } = await indexServer();
    const { code, out, err } = await tactful(['setup', 'openvino', '--index', index]);
    const library = join(data, 'tactful', 'openvino-2026.4.1', 'libopenvino_c.so.2641');
    expect(code).toBe(1);
    expect(out).toContain(`library         ${library}\n`);
    expect(out).toMatch(/\nself-test {7}failed: engine openvino: expected OpenVINO's C library/);
    expect(out).toContain('\n--engine auto   onnxruntime: a failed self-test\n');
    expect(err).toContain(`download ${wheel.length}/${wheel.length} (100 %)`);
  },
);

test.runIf(fits)('a folder of its own is told how to use', async () => {
  const { index } = await indexServer();
  const target = join(await temporaryFolder(), 'here');
  const { out } = await tactful(['setup', 'openvino', '--index', index, '--target', target]);
  expect(out).toContain(`\nTo use it: export TACTFUL_OPENVINO=${target}\n`);
});

test.each([
  [['openvin'], 2, 'error: setup: expected openvino, got "openvin". Did you mean "openvino"?'],
  [[], 2, 'missing required argument'],
  [['openvino', '--release', '2024.1.0'], 1, 'setup openvino: release: expected 2026.4.0 or later'],
  [['openvino', '--index', 'pypi'], 2, '--index: expected'],
])('setup %j is refused', async (words, code, message) => {
  const { err, ...result } = await tactful(['setup', ...words]);
  expect(result.code).toBe(code);
  expect(err).toContain(message);
});
