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

/** Of glibc's malloc.h. */
const mallocOptions = { trimThreshold: -1, mmapThreshold: -3 };

/**
 * From now on the C library (glibc) asks the system for each block of a megabyte or more, and gives it back when it is
 * freed: else the size from which on it does so grows with the blocks that are freed, and gaps stay. Who allocates
 * such blocks at each run pays for it.
 * @returns sets what that growing ends at
 */
export function returnLargeBlocks(): () => void {
  if (process.platform !== 'linux') return () => {};
  const set = libraryOf(loadKoffi(), 'libc.so.6')?.func('mallopt', 'int', ['int', 'int']);
  set?.(mallocOptions.mmapThreshold, 2 ** 20);
  return () => {
    set?.(mallocOptions.mmapThreshold, 32 * 2 ** 20);
    set?.(mallocOptions.trimThreshold, 64 * 2 ** 20);
  };
}

/** A stretch of addresses that files can be mapped into. */
export interface Mapping {
  readonly address: bigint;
  view(start: number, length: number): Uint8Array;
  /** Maps the beginning of a file to whole pages, to be read alone. @returns false where there is no way to */
  mapFile(handle: number, start: number, length: number): boolean;
  /** Gives pages of a file back to the system, which reads them again when somebody does. */
  release(start: number, length: number): void;
  free(): void;
}

/** Numbers of the system's headers. */
const readable = 1;
const writable = 2;
const isPrivate = 2;
const fixed = 0x10;
const dontNeed = 4;
/** MAP_ANONYMOUS and MAP_NORESERVE, and the C library that has `mmap`. */
const systems: Partial<Record<NodeJS.Platform, { anonymous: number; file: string }>> = {
  linux: { anonymous: 0x20 | 0x4000, file: 'libc.so.6' },
  darwin: { anonymous: 0x1000 | 0x40, file: 'libSystem.dylib' },
};

/** The system's calls for memory; undefined where it has none, or none is known. */
function findCalls(koffi: Koffi) {
  const system = systems[process.platform];
  const library = system && libraryOf(koffi, system.file);
  if (!system || !library) return undefined;
  const call = (name: string, result: string, types: string[]) => library.func(name, result, types);
  const mmap = call('mmap', 'int64_t', ['int64_t', 'size_t', 'int', 'int', 'int', 'int64_t']);
  const advise = call('madvise', 'int', ['int64_t', 'size_t', 'int']);
  const unmap = call('munmap', 'int', ['int64_t', 'size_t']);
  return {
    /** -1 when it was refused. */
    map: (at: bigint, length: number, access: number, flags: number, handle: number) =>
      BigInt(mmap(at, length, access, isPrivate | flags, handle, 0)),
    release: (at: bigint, length: number) => void advise(at, length, dontNeed),
    unmap: (at: bigint, length: number) => void unmap(at, length),
    anonymous: system.anonymous,
  };
}

let calls: ReturnType<typeof findCalls> | 'not yet' = 'not yet';

function memoryCalls(koffi: Koffi) {
  if (calls === 'not yet') calls = findCalls(koffi);
  return calls;
}

/** Zeros of that many bytes; where the system has no `mmap`, files cannot be mapped into them. */
export function mapMemory(length: number): Mapping {
  const koffi = loadKoffi();
  const system = memoryCalls(koffi);
  if (!system) return plainMemory(koffi, length);
  const address = system.map(0n, length, readable | writable, system.anonymous, -1);
  if (address === -1n) return plainMemory(koffi, length);
  return {
    address,
    view: (start, size) =>
      new Uint8Array(size === 0 ? new ArrayBuffer(0) : koffi.view(address + BigInt(start), size)),
    mapFile(handle, start, size) {
      const at = address + BigInt(start);
      return system.map(at, size, readable, fixed, handle) === at;
    },
    release: (start, size) => system.release(address + BigInt(start), size),
    free: () => system.unmap(address, length),
  };
}

/** Bytes of an ArrayBuffer, in Node 20: koffi ends the process at more. */
export const mostViewed = 2 ** 32 - 1;

/** A file as the system maps it, to be read alone: who writes into it ends the process. */
export interface MappedFile {
  /** Some bytes of it, `mostViewed` at most. */
  view(start: number, length: number): ArrayBuffer;
  /** Gives its pages back to the system, which reads them again when somebody does. */
  release(): void;
  /** Gives it back. Who reads it then ends the process. */
  free(): void;
}

/** The beginning of a file; undefined where the system does not map it. */
export function mapFile(handle: number, length: number): MappedFile | undefined {
  try {
    const koffi = loadKoffi();
    const system = memoryCalls(koffi);
    const address = system?.map(0n, length, readable, 0, handle) ?? -1n;
    if (!system || address === -1n) return undefined;
    return {
      view: (start, size) => koffi.view(address + BigInt(start), size),
      release: () => system.release(address, length),
      free: () => system.unmap(address, length),
    };
  } catch {
    return undefined; // no koffi
  }
}

function libraryOf(koffi: Koffi, file: string) {
  try {
    return koffi.load(file);
  } catch {
    return undefined; // another C library
  }
}

function plainMemory(koffi: Koffi, length: number): Mapping {
  const memory = new Uint8Array(length);
  return {
    address: BigInt(koffi.address(memory)),
    view: (start, size) => memory.subarray(start, start + size),
    mapFile: () => false,
    release() {},
    free() {},
  };
}
