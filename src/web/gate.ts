/** Who may ask the dashboard's server: this machine's own page, with the token. Pure. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from './refusal.ts';

/** What is looked at of a request. */
export interface Asking {
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
}

/**
 * Names of other hosts lead here when somebody's name server says so, and pages of others may send
 * requests: neither is let in. What is below `/api` needs the token.
 * @param port at which the server listens
 * @throws {Refusal} for whoever is not let in
 */
export function checkAsking(asking: Asking, port: number, token: string): void {
  const own = [`127.0.0.1:${port}`, `localhost:${port}`];
  const { path, host, origin, authorization } = asking;
  if (host === undefined || !own.includes(host))
    throw new Refusal(403, `Host: expected ${own[0]}, got ${host ?? 'none'}.`);
  if (origin !== undefined && origin !== `http://${host}`)
    throw new Refusal(403, `Origin: expected http://${host}, got ${origin}.`);
  if (path !== '/api' && !path.startsWith('/api/')) return;
  if (authorization !== undefined && isSame(authorization, `Bearer ${token}`)) return;
  const got = authorization === undefined ? 'none' : 'another one';
  const remedy = 'Open the address that `tactful ui` printed last.';
  throw new Refusal(401, `token: expected that of this server, got ${got}.`, remedy);
}

/** In a time that tells nothing of where they differ. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(one, other);
}
