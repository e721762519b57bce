/** The run whose policies are loaded for the page, one at a time, and who waits for them. */
import type { PlaygroundAnswer, PlaygroundRequest } from '../api.ts';

/** Both policies of a run, ready to answer. */
export interface Player {
  answer(
    text: string,
    options: { readonly seed?: number | undefined; readonly signal?: AbortSignal },
  ): Promise<PlaygroundAnswer>;
  close(): Promise<void>;
}

export interface Playroom {
  /** @param version of what the run has learnt: another one is loaded anew */
  ask(
    folder: string,
    version: string,
    request: Omit<PlaygroundRequest, 'run'>,
    signal: AbortSignal,
  ): Promise<PlaygroundAnswer>;
  close(): Promise<void>;
}

/** Milliseconds after which policies that nobody asks are closed. */
const idle = 300_000;

/** @param open loads the policies of the run in a folder */
export function newPlayroom(open: (folder: string) => Promise<Player>): Playroom {
  let there: { readonly key: string; readonly player: Player } | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
  const leave = async () => {
    clearTimeout(timer);
    const { player } = there ?? {};
    there = undefined;
    await player?.close();
  };
  return {
    ask: (folder, version, { text, seed }, signal) =>
      inTurn(async () => {
        signal.throwIfAborted(); // whoever asked has gone meanwhile
        clearTimeout(timer);
        const key = `${version} ${folder}`;
        if (there?.key !== key) {
          await leave();
          there = { key, player: await open(folder) };
        }
        try {
          return await there.player.answer(text, { seed, signal });
        } finally {
          timer = setTimeout(() => void inTurn(leave), idle).unref();
        }
      }),
    close: () => inTurn(leave),
  };
}
