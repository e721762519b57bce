/** Errors as they cross machines: classes do not, so they go by their code. */
import {
  ConfigError,
  InputError,
  InternalError,
  NumericError,
  ShapeError,
  TactfulError,
  UnavailableError,
} from '../errors.ts';
import type { PlainError } from './protocol.ts';

const classes = new Map<string, { readonly prototype: TactfulError; readonly name: string }>([
  ['SHAPE_MISMATCH', ShapeError],
  ['BAD_INPUT', InputError],
  ['BAD_CONFIG', ConfigError],
  ['UNAVAILABLE', UnavailableError],
  ['NOT_FINITE', NumericError],
  ['INTERNAL', InternalError],
]);

/** An error in plain data. One that is none of tactful's own is a fault of tactful. */
export function errorToPlain(error: unknown): PlainError {
  if (!(error instanceof TactfulError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'INTERNAL', message: `internal: ${message}`, remedy: '' };
  }
  const { code, message, remedy } = error;
  const { details } = error as Partial<NumericError>;
  const text =
    remedy !== '' && message.endsWith(remedy) ? message.slice(0, -remedy.length) : message;
  // what cannot be written in JSON, such as NaN, is told in the message already
  return { code, message: text.trimEnd(), remedy, ...(details && { details }) };
}

/**
 * The error again, of its class.
 * @param where it was thrown, for people
 */
export function errorFromPlain(
  { code, message, remedy, details }: PlainError,
  where: string,
): TactfulError {
  const error = new TactfulError(code, message, { remedy, cause: where });
  const type = classes.get(code);
  if (!type) return error;
  Object.setPrototypeOf(error, type.prototype);
  const own = details ? { name: type.name, details } : { name: type.name };
  return Object.assign(error, own);
}
