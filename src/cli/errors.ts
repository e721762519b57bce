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

/** All went well, but the verdict is not the one that `--require` asks for; exit code 3. */
export class Unfulfilled extends TactfulError {
  constructor(required: string, verdict: string) {
    super('UNFULFILLED', `required ${required}, the verdict is: ${verdict}`);
  }
}

/** What the process ends with: 2 usage, 3 an unfulfilled `--require`, 130 Ctrl-C, 1 anything else. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return 2;
  if (error instanceof Unfulfilled) return 3;
  return error instanceof Interrupted ? 130 : 1;
}
