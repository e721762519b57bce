/** I/O: what runs in the engine's worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { engines } from './engines.ts';
import { serve, type WorkerOptions } from './remote.ts';

const { engine, ...options } = workerData as WorkerOptions;
if (parentPort) serve(parentPort, await engines[engine].open(options));
