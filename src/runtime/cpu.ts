/** What the CPU is and can do. I/O. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The model of the first core, for instance `Intel(R) Xeon(R) Platinum 8488C`. */
export function cpuModel(): string {
  return cpus()[0]?.model.trim() ?? `${process.platform} ${process.arch}`;
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
