/**
 * Loaded into a process of the program before all else: as soon as there is a file BREAK its engine's thread
 * fails, and with a file BLOCK it is blocked once for eight seconds, as by a long computation.
 */
import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const { BREAK = '', BLOCK = '' } = process.env;
let hasBlocked = false;

if (!isMainThread) {
  setInterval(() => {
    if (existsSync(BREAK)) throw new Error('broken on purpose');
    if (hasBlocked || !existsSync(BLOCK)) return;
    hasBlocked = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 8000);
    process.stderr.write('was blocked on purpose\n');
  }, 20).unref();
}
