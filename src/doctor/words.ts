/** How the findings write numbers. */
import { fixed } from '../report/text.ts';

/** `4.3 %` */
export function percent(share: number, digits = 1): string {
  return `${fixed(100 * share, digits)} %`;
}

/** `1.2e-7`, `0` */
export function tiny(value: number): string {
  if (value === 0) return '0';
  return Number.isFinite(value) ? value.toExponential(1) : `${value}`;
}

/** `a, b and c` */
export function list(parts: readonly string[]): string {
  const [last] = parts.slice(-1);
  return parts.length < 2 ? (last ?? '') : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** The flag of a setting: `minLength` is `--min-length`. */
export function flag(setting: string): string {
  return `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
