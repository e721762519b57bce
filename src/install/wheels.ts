/** Which file of a Python package index is the one for this machine. Pure. */
import { ConfigError, InputError, UnavailableError } from '../errors.ts';

/** One file of a package index. */
export interface IndexFile {
  readonly name: string;
  readonly url: string;
  /** As hexadecimal digits; absent where the index has none. */
  readonly sha256: string | undefined;
}

/** The version that tactful is tested with. */
export const testedVersion = '2026.4.1';

/** Since this one the C library has the calls that tactful makes. */
const firstVersion = [2026, 4];

/** sha256 of the wheels of the tested version for Linux on x86-64, as PyPI had them on 2026-11-22. */
const pins: Readonly<Record<string, string>> = {
  'cp310-cp310': '47dcccbab40a23aed1dc4af7c43a9c813cc61f684d66498e1627d407d5f2770b',
  'cp311-cp311': '2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf',
  'cp312-cp312': '6b4375c17ddcac83a5180349e2e2bb811185c261066e2a920659892d58ef0e3b',
  'cp313-cp313': 'a9b637846c579d7b81b17b6585e0c7b1947574e8d13cf83d7307ce50cd2c352e',
  'cp314-cp314': '3631dd889dccf3d5087775948590a6609a662f90c24a9cf85bb4dfa0cdd7fd2f',
};

/** The sha256 that a wheel has to have, where tactful knows it. */
export function pinOf(name: string): string | undefined {
  const tag = Object.keys(pins).find(
    (python) => name === `openvino-2026.4.1-22982-${python}-manylinux_2_28_x86_64.whl`,
  );
  return tag === undefined ? undefined : pins[tag];
}

/** @throws {ConfigError} when it is no version, or too old */
export function checkVersion(version: string): void {
  const [, year, minor] = /^(\d{4})\.(\d+)\.\d+$/.exec(version) ?? [];
  const [leastYear, leastMinor] = firstVersion;
  const recent =
    Number(year) > leastYear || (Number(year) === leastYear && Number(minor) >= leastMinor);
  if (recent) return;
  const expected = `${firstVersion.join('.')}.0 or later, such as ${testedVersion}`;
  throw new ConfigError('setup openvino: release', expected, version);
}

/**
 * What an index page lists: JSON (PEP 691) or HTML (PEP 503).
 * @param base address of the page: links may be relative to it
 */
export function readIndex(text: string, base: string): IndexFile[] {
  const resolve = (url: string) => new URL(url, base).href;
  if (/^\s*\{/.test(text)) {
    const { files } = JSON.parse(text) as {
      files: { filename: string; url: string; hashes: { sha256?: string } }[];
    };
    return files.map(({ filename: name, url, hashes }) => {
      return { name, url: resolve(url), sha256: hashes.sha256 };
    });
  }
  const links = text.matchAll(/<a\s[^>]*href="([^"]+)"[^>]*>\s*([^<]+?)\s*<\/a>/g);
  return [...links].map(([, href, name]) => {
    const [url, fragment = ''] = href.replaceAll('&amp;', '&').split('#');
    const [, sha256] = /^sha256=([0-9a-f]{64})$/.exec(fragment) ?? [];
    return { name, url: resolve(url), sha256 };
  });
}

/** Platform tags of wheels (PEP 425) by Node's names for a platform. */
const platforms: Readonly<Record<string, RegExp>> = {
  'linux-x64': /^manylinux_\d+_\d+_x86_64$/,
  'linux-arm64': /^manylinux_\d+_\d+_aarch64$/,
  'darwin-arm64': /^macosx_\d+_\d+_arm64$/,
  'darwin-x64': /^macosx_\d+_\d+_x86_64$/,
  'win32-x64': /^win_amd64$/,
};

/**
 * The wheel of a version for a platform. Those for other versions of Python hold the same library:
 * one is taken whatever Python there is.
 * @throws {UnavailableError} when the index has none
 */
export function chooseWheel(
  files: readonly IndexFile[],
  { version, platform }: { readonly version: string; readonly platform: string },
): IndexFile {
  const where = `openvino ${version}`;
  const wheels = files.flatMap((file) => {
    const [, release, python, tag] =
      /^openvino-([^-]+)(?:-\d[^-]*)?-([^-]+-[^-]+)-([^-]+)\.whl$/.exec(file.name) ?? [];
    return tag === undefined ? [] : [{ file, release, python, tags: tag.split('.') }];
  });
  const ofVersion = wheels.filter(({ release }) => release === version);
  if (ofVersion.length === 0) {
    const known = [...new Set(wheels.map(({ release }) => release))].slice(-3).join(', ');
    const got = known ? `none of it, but ${known}` : 'none at all';
    throw new UnavailableError(where, 'wheels in the package index', got, 'Name one by `release`.');
  }
  const fitting = ofVersion.filter(({ tags }) =>
    tags.some((tag) => platforms[platform]?.test(tag)),
  );
  const first = fitting.find(({ python }) => python === 'cp312-cp312') ?? fitting[0];
  if (!first) {
    const tags = [...new Set(ofVersion.flatMap((wheel) => wheel.tags))].sort();
    const remedy = 'ONNX Runtime computes here.';
    throw new UnavailableError(where, `a wheel for ${platform}`, tags.join(', '), remedy);
  }
  return first.file;
}

/**
 * The sha256 that a file is held to: that of the index, which has to be the known one.
 * @throws {InputError} when the index has none, or another one
 */
export function expectedHash({ name, sha256 }: IndexFile): string {
  const pin = pinOf(name);
  if (sha256 === undefined && pin === undefined) {
    throw new InputError(
      `the index's entry of ${name}`,
      'a sha256',
      'none',
      'Use another `index`.',
    );
  }
  if (sha256 !== undefined && pin !== undefined && sha256 !== pin) {
    const remedy = 'This is not the file that tactful was tested with: use another `index`.';
    throw new InputError(`the index's entry of ${name}`, `sha256 ${pin}`, sha256, remedy);
  }
  return (pin ?? sha256)!;
}
