import { routines } from '../src/model/routines.ts';
import type { Engine, Session } from '../src/runtime/engine.ts';

/** What was asked of an engine with lanes. */
export interface Traffic {
  /** Routines and runs under way at the same time, at most. */
  most: number;
  /** Routines asked for. */
  calls: number;
}

/**
 * An engine with so many lanes, over one that has one. It does routines elsewhere, as far as anybody
 * can tell: arguments and results are copies, which data alone can be made of.
 */
export function withLanes(
  engine: Engine,
  lanes: number,
): { readonly engine: Engine; readonly traffic: Traffic } {
  const traffic: Traffic = { most: 0, calls: 0 };
  /** Sessions as they are, whose runs nobody counts. */
  const inside = new Map<Session, Session>();
  let flying = 0;
  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    traffic.most = Math.max(traffic.most, ++flying);
    try {
      return await work();
    } finally {
      flying--;
    }
  };
  return {
    traffic,
    engine: {
      ...engine,
      lanes,
      async compile(graph, options) {
        const session = await engine.compile(graph, options);
        const run: Session['run'] = (...from) => watched(() => session.run(...from));
        const outside = { ...session, run };
        inside.set(outside, session);
        return outside;
      },
      call: (name, args, { sessions, states }, signal) =>
        watched(async () => {
          traffic.calls++;
          // runs inside of a routine are not the caller's
          const refs = { sessions: sessions.map((session) => inside.get(session)!), states };
          return structuredClone(await routines[name](engine, structuredClone(args), refs, signal));
        }),
    },
  };
}
