/** What an error has beside its message. */
interface TactfulErrorOptions extends ErrorOptions {
  /** @default nothing */
  readonly remedy?: string;
}

/**
 * Base of every error tactful throws on purpose. `code` is stable; `message` may change. Settings are
 * named in backticks, as in `batchSize`: the command line shows them as what the command takes.
 */
export class TactfulError extends Error {
  readonly code: string;
  /** What to do, in whole sentences: the end of the message. Empty when there is nothing to say. */
  readonly remedy: string;
  constructor(code: string, message: string, options: TactfulErrorOptions = {}) {
    const { remedy = '', ...rest } = options;
    super(`${message} ${remedy}`.trimEnd(), rest);
    this.name = new.target.name;
    this.code = code;
    this.remedy = remedy;
  }
}

/** `where: expected A, got B.` */
function sentence(where: string, expected: string, actual: string): string {
  return `${where}: expected ${expected}, got ${actual}.`;
}

/** Two shapes that must agree do not. */
export class ShapeError extends TactfulError {
  constructor(where: string, expected: string, actual: string, remedy = '') {
    super('SHAPE_MISMATCH', sentence(where, expected, actual), { remedy });
  }
}

/** A file, a row or a text that came from outside is not what it should be. */
export class InputError extends TactfulError {
  constructor(where: string, expected: string, actual: string, remedy = '', cause?: unknown) {
    super('BAD_INPUT', sentence(where, expected, actual), { remedy, cause });
  }
}

/** A setting is unknown, out of range, or contradicts another one. */
export class ConfigError extends TactfulError {
  constructor(where: string, expected: string, actual: string, remedy = '') {
    super('BAD_CONFIG', sentence(where, expected, actual), { remedy });
  }
}

/** Something that was asked for is not to be had here: a device, an optional package, a file. */
export class UnavailableError extends TactfulError {
  constructor(where: string, expected: string, actual: string, remedy = '', cause?: unknown) {
    super('UNAVAILABLE', sentence(where, expected, actual), { remedy, cause });
  }
}

/** NaN or infinity where only finite numbers can be right; training stops before it spreads. */
export class NumericError extends TactfulError {
  /** What is known of the place: tensor, step, sample. Plain data. */
  readonly details: Readonly<Record<string, unknown>>;
  constructor(where: string, expected: string, actual: string, remedy = '', details = {}) {
    super('NOT_FINITE', sentence(where, expected, actual), { remedy });
    this.details = details;
  }
}

/** A fault of tactful itself. */
export class InternalError extends TactfulError {
  constructor(message: string) {
    super('INTERNAL', `internal: ${message}`);
  }
}

/** The engine was closed, or its thread has ended: it computes nothing any more. */
export class ClosedError extends TactfulError {
  constructor(message: string, cause?: unknown) {
    super('ENGINE_CLOSED', `internal: ${message}`, { cause });
  }
}

/** The name in `known` that `name` was probably meant to be, as a sentence; empty when none is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const limit = Math.max(1, Math.floor(name.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked.length > 0 ? `Did you mean "${ranked[0].candidate}"?` : '';
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
