/** Loaded into a process of the program before all else: its engine's thread fails as soon as there is a file BREAK. */
import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  setInterval(() => {
    if (existsSync(process.env.BREAK)) throw new Error('broken on purpose');
  }, 20).unref();
}
