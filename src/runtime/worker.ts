/** I/O: what runs in the engine's worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import type { EngineOptions } from './engine.ts';
import { onnxRuntimeBackend } from './onnxruntime.ts';
import { serve } from './remote.ts';

if (parentPort) serve(parentPort, onnxRuntimeBackend(workerData as EngineOptions));
