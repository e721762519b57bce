import type { RunEvent } from '../events.ts';

type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { readonly type: T }>;

/** Picks events by their type, in their order. Pure. */
export function eventsOf(events: readonly RunEvent[]) {
  return <T extends RunEvent['type']>(type: T): EventOf<T>[] =>
    events.filter((event): event is EventOf<T> => event.type === type);
}
