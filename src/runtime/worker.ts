/** I/O: what runs in the engine's worker thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { onnxRuntimeBackend } from './onnxruntime.ts';
import { openVinoBackend } from './openvino.ts';
import { serve, type WorkerOptions } from './remote.ts';

/** Each loads its library when it is made, not before. */
function backendOf(options: WorkerOptions) {
  return options.engine === 'openvino' ? openVinoBackend(options) : onnxRuntimeBackend(options);
}

if (parentPort) serve(parentPort, backendOf(workerData as WorkerOptions));
