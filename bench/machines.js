/** Work that goes over Redis to other processes, beside one process or one worker: in turn. I/O: processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { UnavailableError } from '../dist/errors.js';
import { openMachines } from '../dist/machines/machines.js';
import { connect } from '../dist/machines/redis.js';
import { startEngine } from '../dist/runtime/select.js';
import { configs } from './configs.js';
import { demoOn } from './demo-training.js';
import { labOn } from './lab.js';
import { measure, medianOf } from './measure.js';
import { randomModel } from './random-model.js';
import { syntheticWorkload } from './workload.js';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/**
 * With one worker: iterations in one process and with that worker, whose engines have the same threads.
 * With more: iterations with one of them and with all.
 */
export async function machines({ workers, threads, engine: name, reps, ...sizes }) {
  const redis = await startRedis();
  const stops = [redis.stop];
  try {
    const work = await workOf(sizes);
    const rowsPerRun = workers === 1 ? undefined : Math.ceil(sizes.batch / workers);
    const over = async (prefix, count) => {
      const crew = await startWorkers(redis.url, prefix, count, { threads, engine: name, work });
      stops.unshift(crew.stop);
      const opened = await openMachines({ redis: redis.url, prefix, name: 'bench', rowsPerRun });
      while ((await opened.status()).workers.length < count) await setTimeout(100);
      return { machines: opened, engine: opened.engine, memory: crew.memory };
    };
    const other =
      workers === 1
        ? { title: 'one process', engine: await startEngine({ engine: name, threads }) }
        : { title: '1 worker', ...(await over('one', 1)) };
    const sides = [
      other,
      { title: `${workers} worker${workers === 1 ? '' : 's'}`, ...(await over('all', workers)) },
    ];
    for (const side of sides) {
      side.seconds = [];
      side.training = await work.on(side.engine, reps + 1);
      await side.training.iterate(); // compiles, and does not count
    }
    const before = jobsOf(sides[1]);
    for (let rep = 0; rep < reps; rep++) {
      for (const side of rep % 2 === 0 ? sides : [...sides].reverse()) {
        const from = await bytesOf(redis);
        const start = performance.now();
        await side.training.iterate();
        side.seconds.push((performance.now() - start) / 1000);
        side.bytes = (await bytesOf(redis)).map((all, i) => all - from[i]);
      }
    }
    const [a, b] = sides;
    const jobs = (jobsOf(b) - before) / reps;
    const pairs = a.seconds.map((one, i) => [one, b.seconds[i]]);
    const ratio = medianOf(a.seconds) / medianOf(b.seconds);
    const result = {
      setting: { ...work.setting, workers, threads, rowsPerRun: rowsPerRun ?? 'as many as fit' },
      measures: [
        measure(`iteration, ${a.title}`, 's', a.seconds),
        measure(`iteration, ${b.title}`, 's', b.seconds),
        measure('throughput', 'times', [ratio]),
        ...(workers === 1
          ? [
              measure(
                'longer by',
                '%',
                pairs.map(([one, two]) => 100 * (two / one - 1)),
              ),
            ]
          : []),
        measure('jobs', 'an iteration', [jobs]),
        measure('to Redis', 'MB an iteration', [b.bytes[0] / 1e6]),
        measure('from Redis', 'MB an iteration', [b.bytes[1] / 1e6]),
        measure('worker', 'MB of memory', b.memory()),
      ],
    };
    for (const side of sides) {
      await side.training.close();
      await side.engine.close();
    }
    return result;
  } finally {
    for (const stop of stops) await stop();
  }
}

/** What an iteration is: the demo's, or one like the lab's with four minibatches in one optimizer step. */
async function workOf({ model, batch, source, target }) {
  if (model === 'demo') {
    const training = { on: demoOn, models: [], setting: { model } };
    return training;
  }
  // rows of one length: what is divided are equal parts
  const equal = (length) => new Array(batch).fill(length);
  const lengths = {
    prompts: equal(source),
    responses: equal(target),
    texts: equal(source + target),
  };
  const { ppo: settings, ...all } = syntheticWorkload(lengths);
  const parts = { batchSize: batch, miniBatchSize: batch / 4, gradientAccumulationSteps: 4 };
  const ppo = { ...settings, ...parts };
  const work = { ...all, ppo };
  const models = await Promise.all(
    ['t5-base', 'roberta-base'].map((one) => randomModel(configs[one])),
  );
  return {
    on: (...job) => labOn(job[0], work, job[1]),
    models,
    setting: { model, ...ppo, source, target },
  };
}

/** A Redis of its own, on a free port. */
async function startRedis() {
  const folder = mkdtempSync(join(tmpdir(), 'tactful-bench-'));
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  const words = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const child = spawn('redis-server', words, { stdio: 'ignore' });
  child.on('error', () => {}); // the connection says that nobody answers
  const url = `redis://127.0.0.1:${port}`;
  const connection = await connect(url, { name: 'tactful bench' });
  return {
    url,
    connection,
    async stop() {
      connection.disconnect();
      child.kill();
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true });
    },
  };
}

/** Bytes that Redis got and gave since its start. */
async function bytesOf({ connection }) {
  const text = await connection.info('stats');
  const of = (name) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)[1]);
  return [of('total_net_input_bytes'), of('total_net_output_bytes')];
}

/** Jobs that were done. */
function jobsOf({ machines: opened }) {
  return [...opened.counted.kinds.values()].reduce((sum, { jobs }) => sum + jobs, 0);
}

/** Workers as processes that were allowed the models. */
async function startWorkers(url, prefix, count, { threads, engine, work }) {
  const allowed = work.models.flatMap((folder) => ['--allow', folder]);
  const words = ['worker', '--redis', url, '--queue-prefix', prefix, '--threads', `${threads}`];
  const line = [main, ...words, '--engine', engine, ...allowed];
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, line, { stdio: ['ignore', 'ignore', 'pipe'] }),
  );
  const told = children.map(() => '');
  children.forEach((child, i) => {
    child.stderr.on('data', (text) => {
      told[i] = `${told[i]}${text}`.slice(-2000);
    });
    child.on('exit', (code) => {
      if (code) throw new UnavailableError('worker', 'exit code 0', `${code}`, told[i].trim());
    });
  });
  return {
    memory: () => children.map(({ pid }) => residentOf(pid)),
    async stop() {
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null) return;
          const gone = once(child, 'exit');
          child.kill('SIGTERM');
          await gone;
        }),
      );
    },
  };
}

/** Most memory that a process had, in MB; NaN where there is no /proc. */
function residentOf(pid) {
  if (process.platform !== 'linux') return Number.NaN;
  const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(kilobytes) / 1024);
}
