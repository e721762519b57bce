/** A run over TLS and with a password, which is written nowhere. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { few } from './demo-runs.ts';
import { program } from './programs.ts';
import { redisServer } from './redis-server.ts';

const password = 'pass-4f1c0a';

/** A certificate of an authority of its own, for 127.0.0.1. */
async function certificate(folder: string) {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const names = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await promisify(execFile)('openssl', [
    ...words,
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
    ...names,
  ]);
  return { file: cert, key: await readFile(key), cert: await readFile(cert) };
}

test('over rediss:// with a password from the environment: trusted where the authority is named, and no word of the password', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const redis = await redisServer('--requirepass', password);
  onTestFinished(redis.close);
  const { file, ...pair } = await certificate(folder);
  const server = createServer(pair, (client) => {
    const inner = connect(redis.port, '127.0.0.1');
    for (const one of [client, inner]) one.on('error', () => {});
    client.pipe(inner).pipe(client);
    inner.on('close', () => client.destroy());
    client.on('close', () => inner.destroy());
  }).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => {});
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `rediss://127.0.0.1:${(server.address() as { port: number }).port}`;
  const known = { NODE_EXTRA_CA_CERTS: file, TACTFUL_REDIS_PASSWORD: password };

  const distrustful = program(['workers', '--redis', url], { TACTFUL_REDIS_PASSWORD: password });
  expect(await distrustful.ended).toBe(1);
  expect(distrustful.text()).toContain('NODE_EXTRA_CA_CERTS');
  const unnamed = program(['workers', '--redis', url], { NODE_EXTRA_CA_CERTS: file });
  expect(await unnamed.ended).toBe(1);
  expect(unnamed.text()).toMatch(/password.*TACTFUL_REDIS_PASSWORD/);

  const worker = program(['worker', '--redis', url, '--threads', '1', '--verbose'], known);
  onTestFinished(worker.kill);
  const output = join(folder, 'run');
  const words = ['--steps', '1', '--workers', url, '--output', output, '--verbose'];
  const run = program(['detox', ...few, ...words], known);
  expect(await run.ended, run.text()).toBe(0);
  const listed = program(['workers', '--redis', url, '--json'], known);
  expect(await listed.ended).toBe(0);
  // neither on a screen, nor in the run's folder, nor where everybody sees the words of processes
  const texts = [distrustful, unnamed, worker, run, listed].map((one) => one.text());
  const names = (await readdir(output, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  for (const entry of names)
    texts.push(await readFile(join(entry.parentPath, entry.name), 'latin1'));
  for (const text of texts) expect(text).not.toContain(password);
  expect(texts.length).toBeGreaterThan(10);
});
