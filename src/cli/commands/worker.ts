import { hostname } from 'node:os';
import { z } from 'zod';
import type { WorkerCard } from '../../machines/protocol.ts';
import { byteText, counted } from '../../report/text.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { startEngineFor } from '../engine.ts';
import { located } from '../locate.ts';
import { redisOptions, sharedOption } from '../machine-options.ts';
import { engineAndRest, engineOptions } from '../options.ts';
import { painter } from '../paint.ts';

const options = z.strictObject({
  ...redisOptions,
  allow: z
    .array(z.string().min(1))
    .default([])
    .meta({ group: 'Machines', placeholder: 'dir|name', whole: true })
    .describe(
      'A model that runs may use here: a folder, or owner/name on the hub, perhaps with @commit; again for each (those of the demo always may)',
    ),
  shared: sharedOption,
  name: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ group: 'Machines' })
    .describe('What others see of it (default: host and process)'),
  lostAfter: z
    .number()
    .min(1)
    .max(3600)
    .default(15)
    .meta({ group: 'Machines', placeholder: 'seconds' })
    .describe(
      'Silent for so long, it has lost its work in hand to another; more where networks break off',
    ),
  ...engineOptions,
});

export const worker = defineCommand({
  name: 'worker',
  summary: 'Compute for runs on other machines that meet at a Redis.',
  description:
    'Serves the oldest run that wants workers and whose models it may use, then the next. It does what ' +
    'it is told with weights that lie here, by their SHA-256: no run can name a file. Ctrl-C ends it ' +
    'after the work in hand. A password of Redis stands in the address or in TACTFUL_REDIS_PASSWORD.',
  examples: [
    ['tactful worker --redis redis://HOST:6379', 'for runs of the demo'],
    ['tactful worker --redis rediss://HOST --allow google/flan-t5-base', 'over TLS, for FLAN-T5'],
    ['tactful worker --allow ./model --allow ./reward-model --threads 4', 'models of your own'],
  ],
  options,
  stopping: 'ending after the work in hand',
  async run(context) {
    const { json, print, progress, screen, signal, options: asked } = context;
    const { engine: settings, rest } = engineAndRest(asked);
    const {
      redis,
      queuePrefix: prefix,
      shared,
      allow,
      name = `${hostname()}-${process.pid}`,
      lostAfter,
    } = rest;
    const { connect, place } = await import('../../machines/redis.ts');
    const where = place(redis);
    // an address that is none, or a password that is wrong, is told before models are read
    (await connect(redis, { signal, patience: 10_000 })).disconnect();
    const { allowModels, embeddedModels } = await import('../../machines/allowed.ts');
    const { bitsOf } = await import('../../machines/bits.ts');
    const { version } = await import('../../disk/version.ts');
    const { serveRuns } = await import('../../machines/worker.ts');
    const folders = await allowedFolders(allow, context);
    const allowed = await allowModels([...(await embeddedModels()), ...folders], (done, total) => {
      const all = Math.ceil(total / 1e6);
      const read = done === total ? all : Math.floor(done / 1e6);
      progress.update({ phase: 'models', done: read, total: all, status: 'MB read' });
    });
    const models = ['demo', ...allow];
    const engine = await startEngineFor(undefined, settings, context);
    const stop = new AbortController();
    const end = () => stop.abort();
    signal.addEventListener('abort', end);
    // how Kubernetes and Docker ask
    process.on('SIGTERM', end);
    try {
      const bits = await bitsOf(engine, version);
      const bytes = allowed.models.reduce((sum, one) => sum + one.bytes, 0);
      const card = { name, redis: where, prefix, engine: engine.description, bits, models };
      const paint = painter(screen.color);
      if (json) print(JSON.stringify({ type: 'ready', ...card }));
      else {
        const rows = [
          ['worker', name],
          ['redis', `${where}, prefix ${prefix}`],
          ...(shared === undefined ? [] : [['shared', shared]]),
          ['engine', engine.description],
          ['bits', bits.slice(0, 12)],
          ['models', `${models.join(', ')} (${byteText(bytes)} of weights)`],
        ];
        print(rows.map(([label, text]) => `${paint('dim', label.padEnd(8))}${text}`).join('\n'));
      }
      const say = (text: string) =>
        print(`${paint('dim', new Date().toTimeString().slice(0, 8))}  ${text}`);
      let done = 0;
      const show = ({ jobs, busy, rss, state }: WorkerCard) => {
        done = jobs;
        if (json || !screen.redraws) return; // a log has no use for it
        const status = `${state}, ${Math.round(100 * busy)} % busy, ${byteText(rss)}`;
        if (jobs > 0) progress.update({ phase: 'jobs', done: jobs, total: 0, status });
      };
      await serveRuns({
        ...{ redis, prefix, shared, engine, bits, models, name, signal: stop.signal },
        fileOf: allowed.fileOf,
        times: { lock: 1000 * lostAfter, stalled: Math.ceil((1000 * lostAfter) / 3) },
        onEvent(event) {
          if (event.type === 'alive') show(event.card);
          else if (json) print(JSON.stringify(withoutCard(event)));
          else say(textOf(event));
        },
      });
      if (!json) say(`ended after ${counted(done, 'job')}`);
    } finally {
      process.off('SIGTERM', end);
      signal.removeEventListener('abort', end);
      await engine.close();
    }
    return 'done';
  },
});

type Event = Parameters<
  NonNullable<Parameters<typeof import('../../machines/worker.ts').serveRuns>[0]['onEvent']>
>[0];

/** A run by its identity: its card is for workers. */
function withoutCard(event: Event): object {
  return 'run' in event ? { ...event, run: event.run.id, name: event.run.name } : event;
}

function textOf(event: Exclude<Event, { readonly type: 'alive' }>): string {
  if (event.type === 'trouble') return event.says;
  const { name, host, pid } = event.run;
  const run = `${name} of ${host}, process ${pid}`;
  if (event.type === 'refused') return `does not serve ${run}: ${event.why}`;
  return `${event.type === 'serving' ? 'serves' : 'has left'} ${run}`;
}

/** Folders of the models that are allowed; those on the hub are fetched. */
async function allowedFolders(
  names: readonly string[],
  context: Pick<CommandContext<unknown>, 'progress' | 'signal'>,
): Promise<string[]> {
  const folders: string[] = [];
  for (const name of names) {
    const [, model = name, revision] = /^(.+)@([^@/]+)$/.exec(name) ?? [];
    folders.push((await located({ model, ...(revision && { revision }) }, context)).model);
  }
  return folders;
}
