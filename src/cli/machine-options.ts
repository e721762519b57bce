/** Options of what several machines do together. */
import { z } from 'zod';
import type { Settings } from '../jobs/kind.ts';
import { folder } from './options.ts';

const machines = { group: 'Machines' };

/** Of whoever speaks to Redis. */
const queuePrefix = z
  .string()
  .regex(/^[\w-]+(:[\w-]+)*$/)
  .default('tactful')
  .meta({
    ...machines,
    placeholder: 'name',
    expects: 'letters, digits, - and _, perhaps with : between',
  })
  .describe('What all keys on Redis begin with: workers and runs of one prefix see each other');
const shared = (more: string) =>
  folder(`Folder that all machines see: large data travels through it, not through Redis${more}`)
    .meta(machines)
    .optional();

/** For jobs whose work others may do. */
export const machineOptions = {
  workers: z
    .string()
    .min(1)
    .optional()
    .meta({ ...machines, placeholder: 'url' })
    .describe(
      'Let the workers compute that wait at this Redis, as redis://host:6379 or rediss:// (tactful worker)',
    ),
  shared: shared('; workers name it as well'),
  mixed: z
    .boolean()
    .default(false)
    .meta(machines)
    .describe(
      'Take workers whose engine, CPU or threads give other bits; runs then cannot be repeated',
    ),
  queuePrefix,
};

/** How a batch is cut: of the training, whoever computes it. */
export const rowsOption = {
  rowsPerRun: z
    .int()
    .nonnegative()
    .default(0)
    .meta(machines)
    .describe(
      'Most rows that are generated, scored or judged in one run: fewer let more workers share a batch, and give other low bits; 0: as many as fit',
    ),
};
export type MachineSettings = z.infer<z.ZodObject<typeof machineOptions & typeof rowsOption>>;

/** For workers, and for who looks at them. */
export const redisOptions = {
  redis: z
    .string()
    .min(1)
    .default('redis://127.0.0.1:6379')
    .meta({ ...machines, placeholder: 'url' })
    .describe('Redis or Valkey, as redis://host:6379, or rediss:// for TLS'),
  queuePrefix,
};
export const sharedOption = shared('; runs that use one need it here');

/** Settings that may be kept: an address without its password. */
export function withoutPassword(settings: Settings): Settings {
  const { workers, ...rest } = settings;
  if (typeof workers !== 'string' || !URL.canParse(workers)) return rest;
  const { protocol, username, host, pathname } = new URL(workers);
  const user = username === '' ? '' : `${username}@`;
  return { ...rest, workers: `${protocol}//${user}${host}${pathname}` };
}
