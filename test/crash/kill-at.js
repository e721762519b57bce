/**
 * Loaded before the program (`node --import`): counts what it does to files, and kills it with SIGKILL
 * in the middle of the operation of number TACTFUL_KILL_AT, an append after half of its bytes. Pieces
 * that are appended one after the other count as one. At its end the count goes to the file
 * TACTFUL_COUNT_TO.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { TACTFUL_KILL_AT: killAt, TACTFUL_COUNT_TO: countTo } = process.env;
let count = 0;
/** The file that was appended to, if that was the last operation. */
let appendedTo;

/** One more operation; does not return from the last one. */
function pass(half = () => {}) {
  count++;
  if (count !== Number(killAt)) return;
  half();
  process.kill(process.pid, 'SIGKILL');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // until the signal comes
}

function counted(owner, name, half) {
  const original = owner[name];
  owner[name] = function (...given) {
    if (appendedTo !== this || !half) pass(half && (() => half.apply(this, given)));
    appendedTo = half ? this : undefined;
    return original.apply(this, given);
  };
}

if (isMainThread) {
  const handle = await fs.promises.open(process.execPath);
  const { prototype } = handle.constructor;
  await handle.close();
  for (const name of ['mkdir', 'rename', 'rm', 'unlink']) counted(fs.promises, name);
  for (const name of ['sync', 'datasync', 'truncate']) counted(prototype, name);
  const writeHalf = function (data) {
    const bytes = Buffer.from(data);
    fs.writeSync(this.fd, bytes, 0, bytes.length >> 1);
  };
  for (const name of ['appendFile', 'writeFile']) counted(prototype, name, writeHalf);
  const { open } = fs.promises;
  fs.promises.open = async (path, flags = 'r', ...more) => {
    if (flags !== 'r') pass();
    return open(path, flags, ...more);
  };
  syncBuiltinESMExports();
  if (countTo) process.on('exit', () => fs.writeFileSync(countTo, String(count)));
}
