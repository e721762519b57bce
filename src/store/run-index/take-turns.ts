/** Work that must not run twice at once, by what it works on. Pure. */

export interface Turns {
  /**
   * Does the work after the one of the same name that is running. Whoever comes meanwhile shares the
   * next turn: it begins after all of them asked.
   */
  take(name: string, work: () => Promise<void>): Promise<void>;
  /** When nothing runs any more. */
  idle(): Promise<void>;
}

interface Queue {
  running: Promise<void>;
  next: Promise<void> | undefined;
}

export function takeTurns(): Turns {
  const queues = new Map<string, Queue>();
  const start = (name: string, queue: Queue, work: () => Promise<void>) => {
    queue.next = undefined;
    queue.running = work().finally(() => {
      if (queue.next === undefined) queues.delete(name);
    });
    return queue.running;
  };
  return {
    take(name, work) {
      const queue = queues.get(name);
      if (queue === undefined) {
        const fresh: Queue = { running: Promise.resolve(), next: undefined };
        queues.set(name, fresh);
        return start(name, fresh, work);
      }
      const after = () => start(name, queue, work);
      queue.next ??= queue.running.then(after, after);
      return queue.next;
    },
    async idle() {
      while (queues.size > 0) {
        const all = [...queues.values()].map(({ running, next }) => next ?? running);
        await Promise.allSettled(all);
      }
    },
  };
}
