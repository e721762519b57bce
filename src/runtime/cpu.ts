/** What the CPU is and can do. I/O. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** The model of the first core, for instance `Intel(R) Xeon(R) Platinum 8488C`. */
export function cpuModel(): string {
  return cpus()[0]?.model.trim() ?? `${process.platform} ${process.arch}`;
}

/**
 * Whether its first cache of data holds 12 lines or more of the same place, as Intel's do since Ice Lake.
 * Told by Linux alone; false elsewhere.
 * @param folder what the system tells of the first core's caches
 */
export function hasWideCache(folder = '/sys/devices/system/cpu/cpu0/cache'): boolean {
  try {
    const told = (cache: string, name: string) =>
      readFileSync(join(folder, cache, name), 'utf8').trim();
    return readdirSync(folder)
      .filter((cache) => cache.startsWith('index') && told(cache, 'level') === '1')
      .filter((cache) => told(cache, 'type') === 'Data')
      .some((cache) => Number(told(cache, 'ways_of_associativity')) >= 12);
  } catch {
    return false;
  }
}

/** Whether it multiplies matrices of bf16. Told by Linux on x86 alone; false elsewhere. */
export function hasBf16(): boolean {
  try {
    return hasBf16Flag(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

/** The same of the text of `/proc/cpuinfo`. */
export function hasBf16Flag(cpuinfo: string): boolean {
  const [, flags = ''] = /^flags\s*:(.*)$/m.exec(cpuinfo) ?? [];
  return /(^|\s)(avx512_bf16|amx_bf16)(\s|$)/.test(flags);
}
