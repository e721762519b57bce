/**
 * A forward proxy on this machine: plain requests for http (absolute addresses), tunnels (CONNECT) for
 * anything. It keeps what it was asked for.
 *
 * ```ts
 * const proxy = await startProxy({ password: 'me:secret' });
 * await locateModel('owner/model', { env: { ...hub.env(folder), HTTP_PROXY: proxy.url } });
 * expect(proxy.requests).toContainEqual({ method: 'GET', target: `${hub.url}/api/…` });
 * ```
 */
import { createPrivateKey } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
  request as send,
} from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';

interface ProxyOptions {
  /** `name:password` that it wants; none when undefined. */
  readonly password?: string;
  /** Its answer to all that have the password, in place of the servers'. */
  readonly refusal?: number;
}

export interface ProxyServer {
  readonly url: string;
  readonly host: string;
  /** So far: GET and others with an address, CONNECT with `host:port`. */
  readonly requests: { readonly method: string; readonly target: string }[];
}

/** Starts a proxy; it goes when the test ends. */
export async function startProxy({ password, refusal }: ProxyOptions = {}): Promise<ProxyServer> {
  const wanted = password && `Basic ${Buffer.from(password).toString('base64')}`;
  const requests: { method: string; target: string }[] = [];
  /** The status that a request is refused with. */
  const refused = ({ method = '', url: target = '', headers }: IncomingMessage) => {
    requests.push({ method, target });
    return wanted && headers['proxy-authorization'] !== wanted ? 407 : refusal;
  };
  const server = createServer((message, response) => {
    const status = refused(message);
    if (status === undefined) forward(message, response);
    else response.writeHead(status).end('the proxy says no');
  });
  server.on('connect', (message: IncomingMessage, socket: Socket) => {
    const status = refused(message);
    socket.on('error', () => undefined);
    if (status === undefined) tunnel(message, socket);
    else socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
  });
  const host = await listen(server);
  return { url: `http://${host}`, host, requests };
}

function forward(message: IncomingMessage, response: ServerResponse): void {
  const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = message.headers;
  const onwards = send(message.url!, { method: message.method!, headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.statusMessage, answer.headers);
    answer.pipe(response);
  });
  onwards.on('error', () => response.destroy());
  message.pipe(onwards);
}

function tunnel({ url = '' }: IncomingMessage, socket: Socket): void {
  const { hostname, port } = new URL(`http://${url}`);
  const onwards = connect(Number(port), hostname, () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    onwards.pipe(socket).pipe(onwards);
  });
  onwards.on('error', () => socket.destroy());
}

/** An address of https that leads to a server of http; nobody has signed its certificate. */
export async function startTls(url: string): Promise<string> {
  const server = createTlsServer({ key, cert }, (socket) => {
    const onwards = connect(Number(new URL(url).port), '127.0.0.1');
    for (const one of [socket, onwards]) one.on('error', () => one.destroy());
    socket.pipe(onwards).pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  return `https://${await listen(server)}`;
}

/** @returns host and port */
async function listen(server: Server): Promise<string> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Of this test alone, and valid until 2126. */
const key = createPrivateKey({
  format: 'jwk',
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: 'mksq_poOGex9nCuoyUNDyjIBRMe-aZSEcbtHToNragU',
    y: 'mSss2YSFdw4S4UNnox2Q0aMCJFKRwZhe2QzuGPLs23M',
    d: 's_KZXu_z2JbBOY7wYwqhMlnZ5RIIRZM-0HfoKUVhxY8',
  },
}).export({ type: 'pkcs8', format: 'pem' });
const cert = [
  '-----BEGIN CERTIFICATE-----',
  'MIIBSDCB7qADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCWxvY2FsaG9z',
  'dDAgFw0wMDAxMDEwMDAwMDBaGA8yMTI2MDEwMTAwMDAwMFowFDESMBAGA1UEAwwJ',
  'bG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmksq/poOGex9nCuo',
  'yUNDyjIBRMe+aZSEcbtHToNragWZKyzZhIV3DhLhQ2ejHZDRowIkUpHBmF7ZDO4Y',
  '8uzbc6MvMC0wDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SH',
  'BH8AAAEwCgYIKoZIzj0EAwIDSQAwRgIhAJarJwBKZSI1KXjfngoDici9q5ucfTET',
  'mRIv1x+LnFTqAiEA8gl/ttCLVFVZnXveGt7EhAm0+t9N3qdFTDXJoJC0HOw=',
  '-----END CERTIFICATE-----',
].join('\n');
