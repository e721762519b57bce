import { TactfulError } from '../errors.ts';

/** The command line itself is wrong; exit code 2. */
export class UsageError extends TactfulError {
  constructor(message: string) {
    super('BAD_USAGE', message);
  }
}

/** Ctrl-C: the command ended early and has said what there was to say; exit code 130. */
export class Interrupted extends TactfulError {
  constructor() {
    super('INTERRUPTED', 'interrupted');
  }
}

/** What the command found is an error, and it has said so itself; exit code 1. */
export class Told extends TactfulError {
  constructor() {
    super('TOLD', 'the command has told what is wrong');
  }
}

/** What the process ends with: 2 usage, 130 Ctrl-C, 1 anything else. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return 2;
  return error instanceof Interrupted ? 130 : 1;
}
