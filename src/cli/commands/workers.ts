import { z } from 'zod';
import type { RunCard, WorkerCard } from '../../machines/protocol.ts';
import { columns } from '../../report/several/columns.ts';
import { byteText, duration, grouped, oneLine } from '../../report/text.ts';
import { defineCommand } from '../command.ts';
import { redisOptions } from '../machine-options.ts';
import { painter } from '../paint.ts';

/** A run, and how much of its work waits for a worker and how much one has. */
type Run = RunCard & { readonly waiting: number; readonly active: number };

export const workers = defineCommand({
  name: 'workers',
  summary: 'Show the workers at a Redis, what they do, and the runs that want some.',
  description:
    'Workers with their state, work done, share of the last minute in which they computed, and memory; ' +
    'runs with their queue; and which run a worker does not serve, and why.',
  examples: [
    ['tactful workers --redis redis://HOST:6379', 'who is there'],
    ['tactful workers --redis redis://HOST:6379 --json', 'for programs'],
  ],
  options: z.strictObject(redisOptions),
  async run({ options: { redis, queuePrefix: prefix }, json, print, screen, signal }) {
    const { connect, place } = await import('../../machines/redis.ts');
    const { openRegistry } = await import('../../machines/registry.ts');
    const { openQueue } = await import('../../machines/queue.ts');
    const connection = await connect(redis, { name: 'tactful workers', signal });
    try {
      const registry = openRegistry(connection, { prefix });
      const [there, cards] = [await registry.workers(), await registry.runs()];
      const runs: Run[] = [];
      for (const card of cards) {
        const queue = await openQueue(connection, { prefix, run: card.id });
        runs.push({ ...card, ...(await queue.counts()) });
        await queue.close();
      }
      if (json) print(JSON.stringify({ redis: place(redis), prefix, workers: there, runs }));
      else print(textOf(there, runs, painter(screen.color)));
    } finally {
      connection.disconnect();
    }
  },
});

function textOf(
  there: readonly WorkerCard[],
  runs: readonly Run[],
  paint: ReturnType<typeof painter>,
): string {
  const names = new Map(runs.map(({ id, name }) => [id, oneLine(name)]));
  const [head, ...rows] = columns([
    ['worker', 'state', 'run', 'jobs', 'busy', 'memory', 'up', 'engine', 'bits'],
    ...there.map((one) => [
      oneLine(one.name),
      one.state,
      one.run === null ? '-' : (names.get(one.run) ?? '-'),
      grouped(one.jobs),
      `${Math.round(100 * one.busy)} %`,
      byteText(one.rss),
      age(one.started),
      oneLine(one.engine).replace(/ \(.*\)$/, ''), // why that one was chosen
      one.bits.slice(0, 8),
    ]),
  ]);
  const [runHead, ...runRows] = columns([
    ['run', 'host', 'queued', 'in work', 'since', 'bits'],
    ...runs.map(({ name, host, waiting, active, started, bits }) => [
      ...[oneLine(name), oneLine(host), grouped(waiting), grouped(active), age(started)],
      bits?.slice(0, 8) ?? '-',
    ]),
  ]);
  const refused = there.flatMap(({ name, refused: all }) =>
    all.map(
      ({ run, why }) => `${oneLine(name)} does not serve ${names.get(run) ?? run}: ${oneLine(why)}`,
    ),
  );
  return [
    ...(rows.length > 0 ? [paint('bold', head), ...rows] : ['no workers']),
    '',
    ...(runRows.length > 0 ? [paint('bold', runHead), ...runRows] : ['no runs']),
    ...(refused.length > 0 ? ['', ...refused] : []),
  ].join('\n');
}

function age(started: string): string {
  return duration(Math.max(0, (Date.now() - Date.parse(started)) / 1000));
}
