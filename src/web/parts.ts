/** What the dashboard's server is made of, and what its answers are given by. */
import type { HttpBindings } from '@hono/node-server';
import type { JobDefaults, JobForm, StartRequest } from '../api.ts';
import type { RunIndex } from '../store/run-index/run-index.ts';
import type { Launcher, Program } from './launch.ts';
import type { Player, Playroom } from './playroom.ts';

/** What is served. */
export interface Dashboard {
  /** The folder of runs, without links. */
  readonly runs: string;
  /** Secret of whoever may ask. */
  readonly token: string;
  /** What can be started. @default nothing */
  readonly forms?: () => Promise<readonly JobForm[]>;
  /** What settings are that are left open. @default what their schema says */
  readonly defaults?: (asked: StartRequest) => Promise<JobDefaults>;
  /** By what it is started. @default nothing is */
  readonly program?: Program;
  /** Loads both policies of the run in a folder. @default none are */
  readonly open?: (folder: string) => Promise<Player>;
  /** Milliseconds between two looks at a log. @default 250 */
  readonly every?: number;
}

/** What the answers of one server share. */
export interface Shared extends Dashboard {
  readonly index: RunIndex;
  readonly launcher: Launcher;
  readonly playroom: Playroom;
  /** Ends what is still being sent. */
  readonly signal: AbortSignal;
}

export type Env = { Bindings: HttpBindings };
