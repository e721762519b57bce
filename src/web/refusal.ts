/** What the dashboard's server will not do. */
import { TactfulError } from '../errors.ts';

/** An answer other than what was asked for: `where: expected A, got B. What to do.` */
export class Refusal extends TactfulError {
  /** Of HTTP. */
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422;
  constructor(status: Refusal['status'], message: string, remedy = '') {
    super('REFUSED', message, { remedy });
    this.status = status;
  }
}
