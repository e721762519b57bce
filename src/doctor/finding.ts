/** What the check-up says: plain data, as `--json` prints it. */

import type { Note } from '../events.ts';

/** Mistakes of the well-known lab, by their numbers in docs/guide.md. */
export type Defect = 'D1' | 'D3' | 'D4' | 'D5' | 'D6' | 'D7' | 'D8' | 'D9' | 'D10' | 'D11';

/** What one check found. */
export interface Finding {
  /** Stable name: of the check, or `check.part` where it finds several things. */
  readonly check: string;
  /** `error`: the run would learn the wrong thing or fail; `warning`: less than it could. */
  readonly status: 'ok' | 'warning' | 'error';
  /** One sentence with the measured numbers. */
  readonly says: string;
  /** What to do. */
  readonly remedy?: string;
  readonly defect?: Defect;
}

/** A finding before it has the name of its check. */
export interface Verdict extends Omit<Finding, 'check'> {
  readonly part?: string;
}

/** What a verdict may add. */
interface More {
  readonly part?: string;
  readonly defect?: Defect | undefined;
}

/** All is well. */
export function ok(says: string, { part }: Pick<More, 'part'> = {}): Verdict {
  return { status: 'ok', says, ...(part !== undefined && { part }) };
}

/** The run would work, but less well than it could. */
export function warning(says: string, remedy: string, more: More = {}): Verdict {
  return { status: 'warning', says, remedy, ...given(more) };
}

/** What the run would say of itself. */
export function told(note: Note, more: More = {}): Verdict {
  return { status: 'warning', ...note, ...given(more) };
}

/** The run would learn the wrong thing, or fail. */
export function wrong(says: string, remedy: string, more: More = {}): Verdict {
  return { status: 'error', says, remedy, ...given(more) };
}

function given({ part, defect }: More) {
  return { ...(part !== undefined && { part }), ...(defect && { defect }) };
}
