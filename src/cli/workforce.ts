/** Workers that compute for a command: waits for them, tells what they do. */

import { quoted } from '../disk/shell.ts';
import type { MachinesTold, WorkerTold } from '../events.ts';
import type { Machines, MachinesEvent, MachinesStatus } from '../machines/machines.ts';
import { counted } from '../report/text.ts';
import type { Engine } from '../runtime/engine.ts';
import type { CommandContext } from './command.ts';
import { type MachineSettings, machineOptions } from './machine-options.ts';
import type { Progress, ProgressUpdate } from './progress.ts';
import { named } from './remedies.ts';

type Told = Omit<MachinesTold, 'step'>;

export interface Workforce {
  readonly engine: Engine;
  /** What has happened since it was last asked, and at the end what it came to. */
  aside(isLast: boolean): Told[];
  /** The same with the workers beside what is told of each phase. */
  readonly progress: Progress;
  close(): Promise<void>;
}

export interface Wanted {
  /** What is done, for who looks at the workers. */
  readonly name: string;
  /** Of a job that goes on: what its workers' self-test came to. */
  readonly bits?: string | undefined;
}

/** Workers that an event lists one by one. */
const most = 64;
/** Milliseconds between two looks at the workers, and between two events when nobody comes or goes. */
const [look, pause] = [1000, 60_000];

/** Waits for the first worker; says meanwhile why those that are there will not do. */
export async function openWorkforce(
  settings: MachineSettings & { readonly workers: string },
  { name, bits }: Wanted,
  { progress, signal, names }: Pick<CommandContext<unknown>, 'progress' | 'signal' | 'names'>,
): Promise<Workforce> {
  const { openMachines } = await import('../machines/machines.ts');
  const { place } = await import('../machines/redis.ts');
  const says: string[] = [];
  const { workers: redis, shared, mixed, queuePrefix: prefix, rowsPerRun } = settings;
  const start = `Start one: ${startOf({ redis: place(redis), prefix, shared })}`;
  const crowd = newCrowd(start, (raw) => {
    const text = named(raw, names);
    says.push(text);
    progress.note(text);
  });
  const machines = await openMachines({
    ...{ redis, prefix, shared, mixed, name, signal, rowsPerRun: rowsPerRun || undefined },
    ...(!mixed && { bits }),
    onEvent: crowd.take,
  });
  const watch = watching(machines, says);
  await watch.look();
  let latest: { readonly update: ProgressUpdate; readonly line: string } | undefined;
  const show = (update: ProgressUpdate) => {
    const line = watch.line();
    latest = { update, line };
    progress.update({ ...update, status: [update.status, line].filter(Boolean).join(' · ') });
  };
  const timer = setInterval(async () => {
    crowd.flush();
    await watch.look().catch(() => {}); // Redis is gone for a while: that is told by itself
    if (!latest || latest.line === watch.line()) return;
    const { update } = latest;
    if (update.done < update.total) show(update); // who waits sees for whom
  }, look);
  timer.unref();
  return {
    engine: machines.engine,
    aside: watch.take,
    progress: { ...progress, update: show },
    async close() {
      clearInterval(timer);
      await machines.engine.close();
      crowd.flush();
    },
  };
}

/** Looks at what is going on, and makes events of it. */
function watching(machines: Pick<Machines, 'status' | 'bits' | 'counted'>, says: string[]) {
  const { status, bits, counted: tally } = machines;
  let last: { readonly at: number; readonly jobs: ReadonlyMap<string, number> } | undefined;
  let now: MachinesStatus | undefined;
  const told: Told[] = [];
  const tell = ({ workers, waiting, active }: MachinesStatus, at: number) => {
    const minutes = (at - (last?.at ?? at)) / pause;
    const listed = workers.slice(0, most).map((one): WorkerTold => {
      const { id, name, host, engine, done, busy, rss: memory } = one;
      const jobs = done?.jobs ?? 0;
      const perMinute = minutes > 0 ? (jobs - (last?.jobs.get(id) ?? 0)) / minutes : 0;
      const rounded = Math.round(10 * perMinute) / 10;
      return { name, host, engine, jobs, perMinute: rounded, busy, memory };
    });
    const others = workers.length - listed.length;
    const jobs = [...tally.kinds].map(([kind, count]) => [kind, count.jobs]);
    told.push({
      type: 'machines',
      time: new Date().toISOString(),
      ...(says.length > 0 && { says: says.splice(0) }),
      ...{ bits, workers: listed },
      ...(others > 0 && { others }),
      ...{ waiting, active, retries: retriesOf(tally), counted: Object.fromEntries(jobs) },
      late: tally.lateAnswers,
    });
    last = { at, jobs: new Map(workers.map(({ id, done }) => [id, done?.jobs ?? 0])) };
  };
  return {
    async look(): Promise<void> {
      now = await status();
      const at = performance.now();
      const changed = says.length > 0 || now.workers.some(({ id }) => !last?.jobs.has(id));
      if (!last || changed || at - last.at >= pause) tell(now, at);
    },
    take(isLast: boolean): Told[] {
      if (isLast && now) tell(now, performance.now());
      return told.splice(0);
    },
    /** `3 workers, 12 jobs wait, 1 given out again` */
    line(): string {
      if (!now) return '';
      const again = retriesOf(tally);
      return [
        now.workers.length === 0 ? 'no worker' : counted(now.workers.length, 'worker'),
        ...(now.waiting > 0 ? [`${now.waiting} queued`] : []),
        ...(again > 0 ? [`${again} given out again`] : []),
      ].join(', ');
    },
  };
}

function retriesOf({ kinds }: Machines['counted']): number {
  let sum = 0;
  for (const { retries, duplicates } of kinds.values()) sum += retries + duplicates;
  return sum;
}

interface Place {
  readonly redis: string;
  readonly prefix: string;
  readonly shared: string | undefined;
}

/** The command line of a worker that fits. */
function startOf({ redis, prefix, shared }: Place): string {
  const words = ['tactful worker --redis', quoted(redis)];
  if (prefix !== machineOptions.queuePrefix.parse(undefined)) words.push('--queue-prefix', prefix);
  if (shared !== undefined) words.push('--shared', quoted(shared));
  return words.join(' ');
}

/** Turns what happens into sentences; of many that come or go at once one. */
function newCrowd(start: string, say: (text: string) => void) {
  const moved = { joined: new Set<string>(), left: new Set<string>() };
  const tell = (names: Set<string>, did: string) => {
    const [first, second] = names;
    if (names.size > 2) say(`${names.size} workers ${did}`);
    else for (const one of [first, second]) if (one !== undefined) say(`worker ${one} ${did}`);
    names.clear();
  };
  const flush = () => {
    tell(moved.left, 'left');
    tell(moved.joined, 'joined');
  };
  return {
    flush,
    take(event: MachinesEvent) {
      if (event.type === 'joined' || event.type === 'left') {
        const other = event.type === 'joined' ? 'left' : 'joined';
        if (!moved[other].delete(event.worker)) moved[event.type].add(event.worker);
        return;
      }
      flush();
      say(textOf(event, start));
    },
  };
}

function textOf(event: MachinesEvent, start: string): string {
  switch (event.type) {
    case 'waiting':
      return event.for === 'workers'
        ? `waiting for workers: ${event.why}. ${start}`
        : `waiting for Redis: ${event.why}`;
    case 'refused':
      return `worker ${event.worker} does not serve: ${event.why}`;
    case 'restored':
      return `Redis had lost its data: ${counted(event.jobs, 'job')} given out again`;
    case 'trouble':
      return `workers: ${event.says}`;
    default:
      return `worker ${event.worker} ${event.type}`;
  }
}
