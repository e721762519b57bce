import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type SetupEvent, type SetupOptions, setupOpenVino } from '../../src/install/openvino.ts';
import { libraryIn } from '../../src/runtime/openvino-files.ts';
import { startProxy } from '../hub/proxy-server.ts';
import { temporaryFolder } from '../model/tiny.ts';
import { contents, indexServer, sha256, wheel, wheelName } from './index-server.ts';
import { zip } from './zip.ts';

const library = 'libopenvino_c.so.2641';
const kept = [
  ...['libopenvino.so.2641', library, 'libopenvino_intel_cpu_plugin.so'],
  'libopenvino_ir_frontend.so.2641',
];
const { signal } = new AbortController();

/** Sets up into a folder of its own, without pip unless a test brings one. */
async function setUp(options: Partial<SetupOptions>) {
  const parent = await temporaryFolder();
  const target = join(parent, 'openvino');
  const events: SetupEvent[] = [];
  const run = (async () => {
    const settings = { target, platform: 'linux-x64', python: undefined, signal, ...options };
    for await (const event of setupOpenVino(settings)) events.push(event);
  })();
  return { parent, target, events, run };
}

/** What is left of a set-up that fails: nothing. */
async function failure(options: Partial<SetupOptions>): Promise<unknown> {
  const { parent, run } = await setUp(options);
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(await readdir(parent)).toEqual([]);
  return error;
}

test.each([false, true])(
  'a wheel is fetched and its CPU libraries unpacked (HTML: %s)',
  async (html) => {
    const { index } = await indexServer({ html });
    const { parent, target, events, run } = await setUp({ index });
    await run;
    expect((await readdir(target)).sort()).toEqual(kept.sort());
    expect(await readFile(join(target, library), 'utf8')).toBe('the C library');
    expect(await readdir(parent)).toEqual(['openvino']);
    expect(events[0]).toMatchObject({ type: 'progress', doing: 'download', total: wheel.length });
    const size = contents
      .filter(({ name }) => kept.some((one) => name.endsWith(`/${one}`)))
      .reduce((sum, { data = '' }) => sum + data.length, 0);
    expect(events.at(-2)).toEqual({ type: 'progress', doing: 'unpack', done: size, total: size });
    const done = {
      type: 'done',
      version: '2026.4.1',
      library: join(target, library),
      known: false,
    };
    expect(events.at(-1)).toEqual(done);
    expect(await libraryIn(target)).toBe(join(target, library));
  },
);

test('what is there already is not fetched again', async () => {
  const { index, asked } = await indexServer();
  const { target, run } = await setUp({ index });
  await run;
  const again: SetupEvent[] = [];
  for await (const event of setupOpenVino({ target, index, signal })) again.push(event);
  expect(again).toMatchObject([{ type: 'done', known: true, library: join(target, library) }]);
  expect(asked.length).toBe(2);
});

test('what an earlier version left there, without the reader of models, is fetched again', async () => {
  const { index } = await indexServer();
  const { target, run } = await setUp({ index });
  await run;
  const reader = join(target, 'libopenvino_ir_frontend.so.2641');
  await rm(reader);
  const again: SetupEvent[] = [];
  const settings = { target, index, platform: 'linux-x64', python: undefined, signal };
  for await (const event of setupOpenVino(settings)) again.push(event);
  expect(again.at(-1)).toMatchObject({ type: 'done', known: false });
  expect((await readdir(target)).sort()).toEqual(kept.sort());
});

test('page and wheel come through the proxy that the environment names', async () => {
  const { index, asked } = await indexServer();
  const proxy = await startProxy();
  const env = { HTTP_PROXY: proxy.url };
  const { target, run } = await setUp({ index, env });
  await run;
  expect(await readFile(join(target, library), 'utf8')).toBe('the C library');
  const { origin } = new URL(index);
  expect(proxy.requests.map(({ target }) => target)).toEqual(asked.map(({ url }) => origin + url));
  expect(proxy.requests).toHaveLength(2);
  const strict = await startProxy({ password: 'me:secret' });
  expect(await failure({ index, env: { HTTP_PROXY: strict.url } })).toMatchObject({
    message:
      `${index}/openvino/: expected an answer, got 407 from the proxy ${strict.host} of HTTP_PROXY, ` +
      'which wants a name and password. Without a network: TACTFUL_OPENVINO=<folder of an ' +
      'unpacked openvino wheel>.',
  });
});

test('a connection that breaks off is taken up again', async () => {
  const ranges: (string | undefined)[] = [];
  const { index } = await indexServer({
    file({ headers: { range } }, response) {
      const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
      const headers = { 'content-range': `bytes ${from}-${wheel.length - 1}/${wheel.length}` };
      response.writeHead(from > 0 ? 206 : 200, from > 0 ? headers : {});
      if (from > 0) response.end(wheel.subarray(from));
      else response.write(wheel.subarray(0, 100), () => response.destroy());
      ranges.push(range);
    },
  });
  const { target, run } = await setUp({ index, pauses: [1] });
  await run;
  expect(await libraryIn(target)).toBe(join(target, library));
  expect(ranges).toEqual([undefined, 'bytes=100-']);
});

test('a folder that holds something else is refused, and left as it is', async () => {
  const target = await temporaryFolder();
  await writeFile(join(target, 'thesis.tex'), 'years');
  const { run } = await setUp({ target, index: 'http://127.0.0.1:9' });
  await expect(run).rejects.toThrow(`${target}: expected a new or an empty folder, got 1 entries`);
  expect(await readdir(target)).toEqual(['thesis.tex']);
});

test('name and password of an index are sent to it, and to no other server', async () => {
  const files = await indexServer();
  const other = await indexServer({
    file: (_, response) =>
      void response.writeHead(302, { location: `${files.index}/../files/${wheelName}` }).end(),
  });
  const { run } = await setUp({ index: other.index.replace('//', '//me:secret%20word@') });
  await run;
  const basic = `Basic ${Buffer.from('me:secret word').toString('base64')}`;
  expect(other.asked[0]).toEqual({ url: '/simple/openvino/', authorization: basic });
  expect(files.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
});

describe('is refused, and leaves nothing:', () => {
  test('a wheel with another sha256 than the index says', async () => {
    const hash = sha256(Buffer.from('another'));
    const { index } = await indexServer({ hash });
    const address = `${index.replace('/simple', '')}/files/${wheelName}`;
    expect(await failure({ index })).toMatchObject({
      code: 'BAD_INPUT',
      message: `${address}: expected sha256 ${hash}, got ${sha256(wheel)}. Nothing was unpacked. Run it again, or use another \`index\`.`,
    });
  });

  test('a wheel of the tested version with another sha256 than it was tested with', async () => {
    const name = 'openvino-2026.4.1-22982-cp312-cp312-manylinux_2_28_x86_64.whl';
    const { index, asked } = await indexServer({ name });
    expect(String(await failure({ index }))).toMatch(
      /the index's entry of openvino-2026\.4\.1-\S+: expected sha256 6b4375c1\w+, got \w+\. This is not the file/,
    );
    expect(asked.length).toBe(1);
  });

  test('a wheel without a sha256', async () => {
    const { index } = await indexServer({ hash: undefined });
    expect(String(await failure({ index }))).toContain('expected a sha256, got none');
  });

  test.each([
    ['a name that leads out of the folder', [{ name: 'openvino/libs/../../../evil', data: 'x' }]],
    ['an absolute name', [{ name: '/etc/evil', data: 'x' }]],
    ['a link', [{ name: 'openvino/libs/libtbb.so', data: '/etc/passwd', link: true }]],
  ])('%s in the zip', async (_, entries) => {
    const bytes = zip([...contents, ...entries]);
    const { index } = await indexServer({ bytes });
    const error = await failure({ index });
    expect(error).toMatchObject({ code: 'BAD_INPUT' });
    expect(String(error)).toMatch(
      /expected plain files with names below it, got .*(invalid|absolute|link)/,
    );
    expect(String(error)).toContain('Nothing was unpacked.');
  });

  test.each([
    ['no zip file', Buffer.from('<html>Sign in to the hotel network</html>'), 'a zip file'],
    ['a zip without the library', zip([{ name: 'openvino/__init__.py' }]), 'openvino/libs/ with'],
    ['a zip that is cut off', wheel.subarray(0, wheel.length - 30), 'a zip file'],
  ])('%s', async (_, bytes, expected) => {
    const { index } = await indexServer({ bytes });
    const error = await failure({ index });
    expect(error).toMatchObject({ code: 'BAD_INPUT' });
    expect(String(error)).toContain(`expected ${expected}`);
  });

  test('an index without the package', async () => {
    const { index } = await indexServer();
    const error = await failure({ index: `${index}/none` });
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(String(error)).toMatch(/none\/openvino\/: expected status 200, got 404 Not Found/);
  });

  test('a file that is not there', async () => {
    const { index } = await indexServer({
      file: (_, response) => void response.writeHead(404).end(),
    });
    expect(String(await failure({ index }))).toMatch(/\.whl: expected status 200, got 404/);
  });

  test('a server that is not there', async () => {
    const error = await failure({ index: 'http://127.0.0.1:9/simple' });
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(String(error)).toMatch(
      /127\.0\.0\.1:9\/\S+: expected an answer, got .+ Without a network: TACTFUL_OPENVINO=/,
    );
  });

  test('a connection that breaks off', async () => {
    const { index } = await indexServer({
      file(_, response) {
        response.setHeader('content-length', wheel.length);
        response.write(wheel.subarray(0, 100), () => response.destroy());
      },
    });
    const error = await failure({ index, pauses: [1] });
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(String(error)).toMatch(
      new RegExp(`expected ${wheel.length} bytes, got \\d+\\. Run it again`),
    );
  });

  test('an abort', async () => {
    const controller = new AbortController();
    const { index } = await indexServer({
      file(_, response) {
        response.setHeader('content-length', wheel.length).write(wheel.subarray(0, 100));
        controller.abort(new Error('enough'));
      },
    });
    expect(String(await failure({ index, signal: controller.signal }))).toContain('enough');
  });

  test('a version that is too old, or none', async () => {
    for (const version of ['2024.6.0', 'latest']) {
      expect(String(await failure({ version }))).toContain(
        `expected 2026.4.0 or later, such as 2026.4.1, got ${version}`,
      );
    }
  });
});

describe('where the index does not answer, pip', () => {
  /** A Python whose pip leaves a file in the folder, or complains. */
  async function python(script: string): Promise<string> {
    const path = join(await temporaryFolder(), 'python3');
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  }
  const index = 'http://127.0.0.1:9/simple';

  test('is asked for the same version', async () => {
    const source = join(await temporaryFolder(), wheelName);
    await writeFile(source, wheel);
    const told = `${source}.words`;
    const target = 'for last; do :; done; while [ "$1" != --dest ]; do shift; done';
    const { run, target: folder } = await setUp({
      index,
      python: await python(`echo "$@" > ${told}; ${target}; cp ${source} "$2"`),
    });
    await run;
    expect(await libraryIn(folder)).toBe(join(folder, library));
    expect(await readFile(told, 'utf8')).toMatch(
      /^-m pip download --no-deps --only-binary=:all: --python-version=3\.12 --dest \S+ openvino==2026\.4\.1\n$/,
    );
  });

  test('tells what was wrong with both', async () => {
    const script = 'echo "WARNING: x" >&2; echo "ERROR: No matching distribution" >&2; exit 1';
    const error = await failure({ index, python: await python(script) });
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(String(error)).toMatch(/127\.0\.0\.1:9.*pip: ERROR: No matching distribution/);
  });

  test('that is not there is not spoken of', async () => {
    const error = await failure({ index, python: '/nowhere/python3' });
    expect(String(error)).toMatch(/expected an answer, got/);
    expect(String(error)).not.toContain('pip:');
  });

  test('does not bring a wheel of the tested version with another sha256', async () => {
    const name = 'openvino-2026.4.1-22982-cp312-cp312-manylinux_2_28_x86_64.whl';
    const source = join(await temporaryFolder(), name);
    await writeFile(source, wheel);
    const script = `while [ "$1" != --dest ]; do shift; done; cp ${source} "$2"`;
    const error = await failure({ index, python: await python(script) });
    expect(String(error)).toMatch(/expected sha256 6b4375c1/);
  });
});

test.runIf(process.getuid?.() !== 0)('a folder that cannot be written is told', async () => {
  const parent = join(await temporaryFolder(), 'locked');
  await mkdir(parent, { mode: 0o555 });
  const { index } = await indexServer();
  const { run } = await setUp({ index, target: join(parent, 'openvino') });
  await expect(run).rejects.toThrow('expected a folder that can be written, got EACCES');
});
