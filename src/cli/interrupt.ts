import type { Io } from './io.ts';

export interface InterruptOptions {
  readonly signals: Io['signals'];
  /** Tells the user that the first Ctrl-C has been heard. */
  announce(): void;
  /** Ends the process; called by the second Ctrl-C. */
  exit(code: number): void;
}

/** First Ctrl-C: the signal, so that work can end well. Second: exit with 130 at once. */
export function listenForInterrupt({ signals, announce, exit }: InterruptOptions): {
  signal: AbortSignal;
  /** Stops listening. */
  dispose(): void;
} {
  const controller = new AbortController();
  const onInterrupt = () => {
    if (controller.signal.aborted) return exit(130);
    announce();
    controller.abort();
  };
  signals.on('SIGINT', onInterrupt);
  return {
    signal: controller.signal,
    dispose: () => void signals.off('SIGINT', onInterrupt),
  };
}
