import type { Routine } from '../runtime/engine.ts';
import type { Plain } from '../runtime/plain.ts';
import { respond, respondArgs } from './respond.ts';

/** Every routine by its name: what an engine's `call` may be asked for. */
export const routines: Readonly<Record<string, Routine>> = {
  async generate(engine, args, refs, signal) {
    const generations: unknown = await respond(engine, respondArgs(args), refs, signal);
    return generations as Plain;
  },
};
