/**
 * Addresses of reports for frames, which cannot send the token: each is a secret of its own, for a
 * minute.
 */
import { randomBytes } from 'node:crypto';

const lifetime = 60_000;

/** Hands out addresses of files, and knows them again. */
export interface Tickets {
  give(file: string): string;
  /** The file; undefined when the ticket is none, or too old. */
  take(ticket: string): string | undefined;
}

/** @param now in milliseconds */
export function newTickets(now: () => number = Date.now): Tickets {
  const given = new Map<string, { readonly file: string; readonly until: number }>();
  return {
    give(file) {
      for (const [ticket, { until }] of given) if (until < now()) given.delete(ticket);
      const ticket = randomBytes(16).toString('hex');
      given.set(ticket, { file, until: now() + lifetime });
      return ticket;
    },
    take(ticket) {
      const found = given.get(ticket);
      return found && found.until >= now() ? found.file : undefined;
    },
  };
}
