/** The command that deploy/ starts Redis with, started here. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { compose, manifests } from '../deploy/manifests.ts';
import { answers, freePort } from './redis-server.ts';

const password = 'a password of "two" words';

/** Shell scripts that start Redis, as a container's shell gets them. */
const scripts = await Promise.all([compose(), manifests()]).then(([{ services }, all]) => {
  const [redis] = all.filter((one) => one.kind === 'StatefulSet');
  const [container] = redis.spec.template.spec.containers;
  return [
    ['compose.yaml', services.redis.command[2].replaceAll('$$', '$')],
    ['kubernetes.yaml', container.command![2]],
  ];
});

test.each(scripts)(
  '%s: Redis asks for the password, forgets nothing, evicts nothing',
  async (_, script) => {
    const folder = await mkdtemp(join(tmpdir(), 'tactful-deploy-'));
    const port = await freePort();
    const here = script.replace('--dir /data', `--dir ${folder} --bind 127.0.0.1 --port ${port}`);
    expect(here).not.toBe(script);
    const env = { ...process.env, TACTFUL_REDIS_PASSWORD: password.replaceAll('"', '\\"') };
    const child = spawn('sh', ['-c', here], { env, stdio: 'ignore' });
    const gone = once(child, 'exit');
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await gone;
      await rm(folder, { recursive: true });
    });
    expect(await answers(port)).toMatch(/^-NOAUTH/);
    const ask = async (...words: string[]) => {
      const { stdout } = await promisify(execFile)('redis-cli', ['-p', `${port}`, ...words], {
        env: { ...process.env, REDISCLI_AUTH: password },
      });
      return stdout.replace(/\n$/, '').split('\n');
    };
    expect(await ask('config', 'get', 'appendonly')).toEqual(['appendonly', 'yes']);
    expect(await ask('config', 'get', 'save')).toEqual(['save', '']);
    expect(await ask('config', 'get', 'maxmemory')).toEqual(['maxmemory', `${4 * 2 ** 30}`]);
    expect(await ask('config', 'get', 'maxmemory-policy')).toEqual([
      'maxmemory-policy',
      'noeviction',
    ]);
    child.kill('SIGTERM'); // it is the first process of its container: what stops this must reach it
    expect(await gone).toEqual([0, null]);
  },
);
