import { describe, expect, test } from 'vitest';
import { checkVersion, chooseWheel, expectedHash, readIndex } from '../../src/install/wheels.ts';

const page = 'https://index.example/simple/openvino/';
const file = (tag: string, version = '2026.4.1-22982') => {
  return { name: `openvino-${version}-${tag}.whl`, url: `${page}x`, sha256: undefined };
};

describe('an index page', () => {
  const sha256 = 'ab'.repeat(32);
  const expected = [
    { name: 'a-1.whl', url: 'https://index.example/files/a-1.whl', sha256 },
    { name: 'b-1.tar.gz', url: 'https://files.example/b?x=1&y=2', sha256: undefined },
  ];

  test('is read as JSON', () => {
    const text = JSON.stringify({
      files: [
        { filename: 'a-1.whl', url: '/files/a-1.whl', hashes: { sha256 } },
        { filename: 'b-1.tar.gz', url: 'https://files.example/b?x=1&y=2', hashes: { md5: 'x' } },
      ],
    });
    expect(readIndex(text, page)).toEqual(expected);
  });

  test('is read as HTML', () => {
    const text = `<!DOCTYPE html><html><body>
      <a href="/files/a-1.whl#sha256=${sha256}" data-requires-python="&gt;=3.10">a-1.whl</a><br/>
      <a class="file" href="https://files.example/b?x=1&amp;y=2#md5=1"> b-1.tar.gz </a></body></html>`;
    expect(readIndex(text, page)).toEqual(expected);
  });
});

describe('of several wheels', () => {
  const linux = 'manylinux_2_28_x86_64';
  const files = [
    file(`cp311-cp311-${linux}`, '2026.3.0-1'),
    file(`cp310-cp310-${linux}`),
    file(`cp312-cp312-${linux}`),
    file(`cp314-cp314t-${linux}`),
    file('cp312-cp312-manylinux_2_35_aarch64'),
    file('cp310-cp310-macosx_11_0_arm64'),
    file('cp312-cp312-win_amd64'),
    { ...file(''), name: 'openvino-2026.4.1.tar.gz' },
  ];
  const choose = (platform: string, version = '2026.4.1') =>
    chooseWheel(files, { version, platform }).name;

  test.each([
    ['linux-x64', `openvino-2026.4.1-22982-cp312-cp312-${linux}.whl`],
    ['linux-arm64', 'openvino-2026.4.1-22982-cp312-cp312-manylinux_2_35_aarch64.whl'],
    ['darwin-arm64', 'openvino-2026.4.1-22982-cp310-cp310-macosx_11_0_arm64.whl'],
    ['win32-x64', 'openvino-2026.4.1-22982-cp312-cp312-win_amd64.whl'],
  ])('the one for %s is taken', (platform, name) => {
    expect(choose(platform)).toBe(name);
  });

  test('only one of the version asked for', () => {
    expect(choose('linux-x64', '2026.3.0')).toContain('2026.3.0');
    expect(() => choose('linux-x64', '2026.9.0')).toThrow(
      'openvino 2026.9.0: expected wheels in the package index, got none of it, but 2026.3.0, 2026.4.1',
    );
    expect(() => chooseWheel([], { version: '2026.4.1', platform: 'linux-x64' })).toThrow(
      'got none at all',
    );
  });

  test.each(['darwin-x64', 'linux-x64 without glibc', 'linux-riscv64'])(
    'none fits %s, and the message says for what there are some',
    (platform) => {
      expect(() => choose(platform)).toThrow(
        `openvino 2026.4.1: expected a wheel for ${platform}, got macosx_11_0_arm64, manylinux_2_28_x86_64`,
      );
    },
  );
});

test('a file is held to the known sha256 also where the index has none', () => {
  const known = file('cp312-cp312-manylinux_2_28_x86_64');
  expect(expectedHash(known)).toMatch(/^6b4375c1/);
  expect(expectedHash({ ...file('cp399-cp399-win_amd64'), sha256: 'x' })).toBe('x');
});

test.each(['2026.4.0', '2026.10.0', '2027.0.0'])('version %s is recent enough', (version) => {
  expect(() => checkVersion(version)).not.toThrow();
});
test.each(['2026.3.1', '2025.9.0', '2026.4', '1'])('version %s is not', (version) => {
  expect(() => checkVersion(version)).toThrow(`got ${version}`);
});
