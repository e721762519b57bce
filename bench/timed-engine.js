/**
 * An engine that passes everything on to another one and keeps a log of runs and writes: when, what,
 * and the shapes that went in.
 * @returns the engine, and `take`, which gives the log since the last call
 */
export function timedEngine(inner) {
  let log = [];
  let idle = 0; // since when the engine waits: a call that waits for another does not count twice
  const timed = async (call, describe) => {
    const asked = performance.now();
    const result = await call();
    const end = performance.now();
    log.push({ start: Math.max(asked, idle), end, ...describe(result) });
    idle = end;
    return result;
  };
  const engine = {
    ...inner,
    async compile(graph, options = {}) {
      const session = await inner.compile(graph, options);
      const { name = 'graph', keep = {}, append = {} } = options;
      const job = { graph, keep, append };
      return {
        ...session,
        run: (feeds, ...states) =>
          timed(
            () => session.run(feeds, ...states),
            () => ({ name, job, shapes: shapesOf(feeds), states: states.map(({ id }) => id) }),
          ),
      };
    },
    async state(tensors = {}) {
      const wrote = (more, id) => ({ name: 'write', shapes: shapesOf(more), states: [id] });
      const state = await timed(
        () => inner.state(tensors),
        ({ id }) => wrote(tensors, id),
      );
      return {
        ...state,
        write: (more) =>
          timed(
            () => state.write(more),
            () => wrote(more, state.id),
          ),
        select: (...selects) =>
          timed(
            () => state.select(...selects),
            () => ({ name: 'select', selects, states: [state.id] }),
          ),
      };
    },
  };
  return {
    engine,
    take() {
      const taken = log;
      log = [];
      return taken;
    },
  };
}

function shapesOf(tensors) {
  return new Map(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
}
