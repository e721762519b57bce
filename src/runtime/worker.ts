/** I/O: what runs in an engine's worker thread. */
import { parentPort } from 'node:worker_threads';
import { engines } from './engines.ts';
import { serve } from './remote.ts';

if (parentPort) serve(parentPort, (engine, options) => engines[engine].open(options));
