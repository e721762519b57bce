/** I/O: a real Redis on a port and in a folder of its own, that can be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** Whether a restart finds what was written before it. */
export type Memory = 'kept' | 'lost';

export interface RedisServer {
  readonly port: number;
  /** Kills it without warning, and starts it again on the same port. @param down ms between */
  restart(memory: Memory, down?: number): Promise<void>;
  /** What `redis-cli` answers. @throws when it ends with an error */
  ask(...words: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/**
 * Starts Redis with an append-only file that is written at each command, and waits until it answers.
 * @param more further words of its command line
 */
export async function redisServer(...more: readonly string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-redis-'));
  const data = join(folder, 'data');
  const port = await freePort();
  let child = await begin();

  async function begin(): Promise<ChildProcess> {
    const own = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder];
    const kept = ['--appendonly', 'yes', '--appendfsync', 'always', '--appenddirname', 'data'];
    const words = [...own, ...kept, '--save', '', '--maxmemory-policy', 'noeviction', ...more];
    const started = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const log: string[] = [];
    started.stdout.on('data', (text) => log.push(`${text}`));
    const failed = once(started, 'exit').then(() => {
      throw new Error(`redis-server ended:\n${log.join('')}`);
    });
    failed.catch(() => {}); // later ends are asked for
    await Promise.race([failed, answers(port)]);
    return started;
  }

  async function kill(): Promise<void> {
    const gone = once(child, 'exit');
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await gone;
    }
  }

  return {
    port,
    async restart(memory, down = 0) {
      await kill();
      if (memory === 'lost') await rm(data, { recursive: true, force: true });
      await setTimeout(down);
      child = await begin();
    },
    ask: (...words) => said('redis-cli', ['-p', `${port}`, ...words]),
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The standard output of a program. @throws when it ends with an error */
async function said(program: string, words: readonly string[]): Promise<string> {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (some) => {
    text += some;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}: ${text}`);
  return text.trimEnd();
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until a Redis on this machine answers a PING, whatever it says: it may want a password. */
export async function answers(port: number): Promise<string> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.write('PING\r\n');
      const [text] = await once(socket, 'data');
      if (!`${text}`.startsWith('-LOADING')) return `${text}`;
    } catch {
      // not yet
    } finally {
      socket.destroy();
    }
    await setTimeout(20);
  }
}
