/** What of a log was not told yet, though the log may take events back. Pure. */
import type { JobEvent } from '../events.ts';

/** @returns tells of each reading of a log what is new in it, and what is told again after it went back */
export function newEvents(): (events: readonly JobEvent[]) => readonly JobEvent[] {
  let told: readonly string[] = [];
  return (events) => {
    const lines = events.map((event) => JSON.stringify(event));
    const differs = lines.findIndex((line, i) => line !== told[i]);
    told = lines;
    return differs < 0 ? [] : events.slice(differs);
  };
}
