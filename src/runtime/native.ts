/** I/O: functions of native libraries, through koffi. The only file that imports koffi. */
import { createRequire } from 'node:module';
import type KoffiModule from 'koffi';

export type Koffi = typeof KoffiModule;

/** Deep graphs are walked by recursion. In bytes; koffi's own is 2 MiB. */
const stackSize = 8 * 2 ** 20;
let loaded: Koffi | undefined;

/**
 * koffi, loaded when it is first needed: it has a native part.
 * @throws the system's error, when it is not installed or has no binaries for this platform
 */
export function loadKoffi(): Koffi {
  if (loaded) return loaded;
  const koffi: Koffi = createRequire(import.meta.url)('koffi');
  koffi.config({ sync_stack_size: stackSize }); // only before the first library
  loaded = koffi;
  return koffi;
}

let trim: (() => void) | undefined;

/**
 * Gives memory that was freed back to the system, where the C library has a call for it (glibc):
 * the allocator keeps what lies between blocks in use, and big buffers cannot use that.
 */
export function returnFreeMemory(): void {
  trim ??= findTrim();
  trim();
}

function findTrim(): () => void {
  if (process.platform !== 'linux') return () => {};
  try {
    const call = loadKoffi().load('libc.so.6').func('malloc_trim', 'int', ['size_t']);
    return () => void call(0);
  } catch {
    return () => {}; // another C library, or no koffi: more memory is kept, nothing else
  }
}
