import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { pushFolder } from '../../src/export/push.ts';
import { locateAdapter, locateModel } from '../../src/hub/locate.ts';
import { proxyFor, proxySettings } from '../../src/hub/proxy.ts';
import { temporaryFolder } from '../model/tiny.ts';
import { adapter, model, weights } from './hub-model.ts';
import { startHub } from './hub-server.ts';
import { startProxy, startTls } from './proxy-server.ts';

const secret = 'pa%ss';
const login = 'me:pa%25ss@';

async function hubWith() {
  const hub = await startHub({ repos: { 'o/m': model, 'o/a': adapter } });
  onTestFinished(hub.close);
  const home = await temporaryFolder();
  const options = (more: NodeJS.ProcessEnv) => ({ env: hub.env(home, more), pauses: [1] });
  return { hub, options };
}

/** An address at which nobody answers. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

/** What is told, and all that lies behind it. */
async function failure(run: Promise<unknown>): Promise<{ message: string; all: string }> {
  const error = await run.then(
    () => expect.fail('it went well'),
    (reason: Error) => reason,
  );
  const all = inspect(error, { depth: 20, showHidden: true });
  expect(all).not.toContain(secret);
  expect(all).not.toContain('pa%25ss');
  expect(all).not.toContain(Buffer.from(`me:${secret}`).toString('base64'));
  return { message: error.message, all };
}

const none = undefined;
test.each<[string, NodeJS.ProcessEnv, string | undefined]>([
  ['https://hub', {}, none],
  ['https://hub', { HTTPS_PROXY: 'http://p:1' }, 'p:1 of HTTPS_PROXY'],
  ['http://hub', { HTTPS_PROXY: 'http://p:1' }, none],
  ['https://hub', { HTTP_PROXY: 'http://p:1' }, none],
  ['http://hub', { HTTP_PROXY: 'http://p:1' }, 'p:1 of HTTP_PROXY'],
  ['https://hub', { ALL_PROXY: 'http://p:1' }, 'p:1 of ALL_PROXY'],
  ['http://hub', { all_proxy: 'p:1', HTTP_PROXY: 'q:2' }, 'q:2 of HTTP_PROXY'],
  ['https://hub', { HTTPS_PROXY: 'p:1', https_proxy: 'q:2' }, 'q:2 of https_proxy'],
  ['https://hub', { HTTPS_PROXY: 'p:1', https_proxy: '' }, none],
  ['https://hub', { HTTPS_PROXY: 'http://me:pw@p:1/' }, 'p:1 of HTTPS_PROXY'],
  ['https://hub', { HTTPS_PROXY: 'https://[::1]:8' }, '[::1]:8 of HTTPS_PROXY'],
])('for %s, %j names the proxy %s', (url, env, expected) => {
  const proxy = proxyFor(new URL(url), proxySettings(env));
  expect(proxy && `${proxy.host} of ${proxy.variable}`).toBe(expected);
});

test.each<[string, string, boolean]>([
  ['https://huggingface.co', '', true],
  ['https://huggingface.co', 'huggingface.co', false],
  ['https://huggingface.co', 'HuggingFace.co.', false],
  ['https://cdn.huggingface.co', 'huggingface.co', false],
  ['https://cdn.huggingface.co', '.huggingface.co', false],
  ['https://huggingface.co', '.huggingface.co', false],
  ['https://cdn.huggingface.co', '*.huggingface.co', false],
  ['https://nothuggingface.co', 'huggingface.co', true],
  ['https://huggingface.co', 'a.com, b.com  huggingface.co', false],
  ['https://huggingface.co', '*', false],
  ['https://huggingface.co', 'a.com,*', false],
  ['https://huggingface.co', 'huggingface.co:443', false],
  ['https://huggingface.co', 'huggingface.co:80', true],
  ['http://huggingface.co', '*:80', false],
  ['http://huggingface.co:8080', 'huggingface.co:8080', false],
  ['http://localhost:8080', '', true],
  ['http://localhost:8080', 'localhost', false],
  ['http://127.0.0.1:8080', 'localhost', true],
  ['http://127.0.0.1', '0.0.1', true],
  ['http://127.0.0.1', '127.0.0.0/8', false],
  ['http://128.0.0.1', '127.0.0.0/8', true],
  ['http://127.0.0.1', '127.0.0.0/99', true],
  ['http://127.0.0.1', '127.0.0.0/', true],
  ['http://127.0.0.1:81', '127.0.0.0/8:80', true],
  ['http://[::1]:81', '::1', false],
  ['http://[::1]:81', '[0:0::1]:81', false],
  ['http://[::1]:81', '[::1]:82', true],
  ['http://[fe80::7]', 'fe80::/10', false],
  ['http://a.b', '., :80, :, [', true],
])('%s with NO_PROXY=%j goes through the proxy: %s', (url, NO_PROXY, expected) => {
  const settings = proxySettings({ ALL_PROXY: 'http://p:1', NO_PROXY });
  expect(proxyFor(new URL(url), settings) !== undefined).toBe(expected);
});

test.each([
  ['socks5://me:pw@p:1', 'got one of the kind socks5://'],
  ['http://me:p#w@p:1', 'got another text'],
  ['http://me:1/w@p:1', 'got an address with more behind the host'],
  ['http://', 'got another text'],
])('a proxy %s is refused without its password, when it is needed', (HTTPS_PROXY, text) => {
  const settings = proxySettings({ HTTPS_PROXY, NO_PROXY: 'here' });
  expect(proxyFor(new URL('https://here'), settings)).toBeUndefined();
  const call = () => proxyFor(new URL('https://hub'), settings);
  expect(call).toThrow(text);
  expect(call).toThrow(/^HTTPS_PROXY: expected a proxy such as \S+, got (?!.*(me:|p#w|pw@|1\/w))/);
});

test('a model comes through the proxy, and from the CDN too; a password is for the proxy alone', async () => {
  const { hub, options } = await hubWith();
  const proxy = await startProxy({ password: `me:${secret}` });
  const HTTP_PROXY = proxy.url.replace('//', `//${login}`);
  const folder = await locateModel('o/m', options({ HTTP_PROXY, HF_TOKEN: 'hf_read' }));
  expect((await readFile(join(folder, 'model.safetensors'))).equals(weights)).toBe(true);
  expect(proxy.requests.map(({ method }) => method)).not.toContain('CONNECT');
  const asked = hub.requests.map(({ host, path }) => (host === 'hub' ? hub.url : hub.cdn) + path);
  expect(proxy.requests.map(({ target }) => target)).toEqual(asked);
  const tokens = (host: string) =>
    new Set(hub.requests.filter((one) => one.host === host).map((one) => one.authorization));
  expect(tokens('hub')).toEqual(new Set(['Bearer hf_read']));
  expect(tokens('cdn')).toEqual(new Set([undefined]));
});

test('a hub of https is reached by a tunnel, and its certificate is checked', async () => {
  const { hub, options } = await hubWith();
  const proxy = await startProxy({ password: `me:${secret}` });
  const HF_ENDPOINT = await startTls(hub.url);
  const env = { HF_ENDPOINT, ALL_PROXY: proxy.url.replace('//', `//${login}`) };
  const { message } = await failure(locateModel('o/m', options(env)));
  expect(message).toMatch(new RegExp(`CERT\\w* through the proxy ${proxy.host} of ALL_PROXY\\.`));
  expect(hub.requests).toEqual([]);

  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  onTestFinished(() => void vi.unstubAllEnvs());
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  onTestFinished(() => warn.mockRestore());
  const folder = await locateModel('o/m', options(env));
  expect((await readFile(join(folder, 'model.safetensors'))).equals(weights)).toBe(true);
  const { host } = new URL(HF_ENDPOINT);
  const kinds = new Set(
    proxy.requests.map(({ method, target }) => (method === 'CONNECT' ? target : method)),
  );
  expect(kinds).toEqual(new Set([host, 'GET'])); // the CDN is one of http
});

test('a host of NO_PROXY is reached directly, also after others went through the proxy', async () => {
  const { hub, options } = await hubWith();
  const proxy = await startProxy();
  await locateModel('o/m', options({ HTTP_PROXY: proxy.url }));
  const [through, all] = [proxy.requests.length, hub.requests.length];
  expect(through).toBe(all);
  const NO_PROXY = `localhost,${new URL(hub.url).host}`;
  await locateAdapter('o/a', options({ HTTP_PROXY: proxy.url, NO_PROXY }));
  const direct = hub.requests.slice(all);
  expect(new Set(direct.map(({ host }) => host))).toEqual(new Set(['hub', 'cdn']));
  const cdn = direct.filter(({ host }) => host === 'cdn').map(({ path }) => hub.cdn + path);
  expect(proxy.requests.slice(through).map(({ target }) => target)).toEqual(cdn);
});

test.each([
  ['http', '', 'wants a name and password'],
  ['http', login, 'wants another name and password'],
  ['https', '', 'wants a name and password'],
  ['https', login, 'wants another name and password'],
])('to %s, a proxy that refuses the login "%s" is told of', async (scheme, given, text) => {
  const { hub, options } = await hubWith();
  const proxy = await startProxy({ password: 'you:other' });
  const HF_ENDPOINT = scheme === 'https' ? await startTls(hub.url) : hub.url;
  const ALL_PROXY = proxy.url.replace('//', `//${given}`);
  const { message } = await failure(locateModel('o/m', options({ HF_ENDPOINT, ALL_PROXY })));
  expect(message).toMatch(
    /^o\/m: expected a file, a folder or a model on the hub, got no such file/,
  );
  expect(message).toContain(`: 407 from the proxy ${proxy.host} of ALL_PROXY, which ${text}.`);
  expect(proxy.requests).toHaveLength(1);
  expect(hub.requests).toEqual([]);
});

test('a tunnel that is refused is told of, and tried again when the proxy is only busy', async () => {
  const { hub, options } = await hubWith();
  const HF_ENDPOINT = await startTls(hub.url);
  const [strict, busy] = [await startProxy({ refusal: 403 }), await startProxy({ refusal: 503 })];
  const ask = (HTTPS_PROXY: string) =>
    failure(locateModel('o/m', options({ HF_ENDPOINT, HTTPS_PROXY })));
  const told = (host: string, status: number) => `${status} from the proxy ${host} of HTTPS_PROXY.`;
  expect((await ask(strict.url)).message).toContain(told(strict.host, 403));
  expect((await ask(busy.url)).message).toContain(told(busy.host, 503));
  expect([strict, busy].map(({ requests }) => requests.length)).toEqual([1, 2]);
});

test.each(['http_proxy', 'HTTPS_PROXY'])('a proxy of %s that is away is told of', async (name) => {
  const { options } = await hubWith();
  const host = await closedPort();
  const HF_ENDPOINT = name === 'http_proxy' ? 'http://hub.invalid' : 'https://hub.invalid';
  const env = { HF_ENDPOINT, [name]: `http://${login}${host}` };
  const { message, all } = await failure(locateModel('o/m', options(env)));
  expect(message).toContain(`: ECONNREFUSED at the proxy ${host} of ${name}.`);
  expect(all).toContain("code: 'UNAVAILABLE'");
});

test('what is in the cache is used where the proxy is away', async () => {
  const { options } = await hubWith();
  const folder = await locateModel('o/m', options({}));
  const HTTP_PROXY = await closedPort();
  expect(await locateModel('o/m', options({ HTTP_PROXY }))).toBe(folder);
});

test('a push goes through the proxy', async () => {
  const { hub, options } = await hubWith();
  const proxy = await startProxy({ password: `me:${secret}` });
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'model.safetensors'), weights);
  await writeFile(join(folder, 'config.json'), '{}');
  const HTTP_PROXY = proxy.url.replace('//', `//${login}`);
  await pushFolder(folder, 'me/new', options({ HTTP_PROXY, HF_TOKEN: 'hf_write' }));
  expect(hub.files('me/new')?.get('model.safetensors')).toEqual(Buffer.from(weights));
  expect(proxy.requests.map(({ method }) => method)).toEqual(hub.requests.map((one) => one.method));
  expect(proxy.requests.some(({ method }) => method === 'PUT')).toBe(true);
  const without = options({ HTTP_PROXY: proxy.url, HF_TOKEN: 'hf_write' });
  const { message } = await failure(pushFolder(folder, 'me/new', without));
  expect(message).toContain(
    `got 407 from the proxy ${proxy.host} of HTTP_PROXY, which wants a name`,
  );
});
