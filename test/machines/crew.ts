/** Workers and a driver in this process, over a real Redis. */
import { fingerprintFile } from '../../src/disk/fingerprint.ts';
import {
  type MachinesEvent,
  type MachinesOptions,
  openMachines,
} from '../../src/machines/machines.ts';
import { serveRuns, type WorkerEvent, type WorkerOptions } from '../../src/machines/worker.ts';
import type { Engine } from '../../src/runtime/engine.ts';

/** Everything happens soon enough for a test. */
const soon = { look: 100, silent: 2000, lock: 1000, stalled: 500 };

export interface TestWorker {
  readonly events: WorkerEvent[];
  /** Ends it after the job under way. */
  stop(): Promise<void>;
}

/** A worker on an engine of this process. */
export function worker(
  redis: string,
  engine: Engine,
  { files = [], ...more }: Partial<WorkerOptions> & { files?: readonly string[] } = {},
): TestWorker {
  const stop = new AbortController();
  const events: WorkerEvent[] = [];
  const fileOf = async (sha256: string) => {
    for (const file of files) if ((await fingerprintFile(file)) === sha256) return file;
    return undefined;
  };
  const serving = serveRuns({
    ...{ redis, engine, bits: 'the same', models: [], name: 'worker', fileOf },
    ...{ signal: stop.signal, times: soon, onEvent: (event) => events.push(event) },
    ...more,
  });
  serving.catch(() => {}); // `stop` gives it
  return {
    events,
    async stop() {
      stop.abort();
      await serving;
    },
  };
}

/** A driver. */
export async function driver(redis: string, more: Partial<MachinesOptions> = {}) {
  const events: MachinesEvent[] = [];
  const machines = await openMachines({
    ...{ redis, name: 'test', times: soon, patience: 20_000 },
    ...{ onEvent: (event: MachinesEvent) => events.push(event) },
    ...more,
  });
  return { ...machines, events };
}
