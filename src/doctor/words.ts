/** How the findings write numbers. */
import { fixed } from '../report/text.ts';

/** `4.3 %` */
export function percent(share: number, digits = 1): string {
  const least = 0.5 * 10 ** -(digits + 2); // less would be shown as 0
  return share > 0 && share < least ? `${tiny(100 * share)} %` : `${fixed(100 * share, digits)} %`;
}

/** `1.2e-7`, `−0.031`, `0`: two figures. */
export function tiny(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return `${value}`;
  const small = Math.abs(value) < 1e-3;
  const text = small ? value.toExponential(1) : `${Number(value.toPrecision(2))}`;
  return text.replace(/^-/, '−');
}

/** `a, b and c` */
export function list(parts: readonly string[]): string {
  const [last] = parts.slice(-1);
  return parts.length < 2 ? (last ?? '') : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
