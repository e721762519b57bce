/** What was found in the files of policy and judge when they were read. */

import { ok, type Verdict } from './finding.ts';
import type { Intake } from './intake.ts';

/** What a run would say of its files. */
export function checkStored({ ofFiles }: Intake): Verdict | Verdict[] {
  if (ofFiles.length === 0)
    return ok('The files of models and adapter are whole and fit together.');
  return ofFiles.map((note) => ({ status: 'warning' as const, ...note }));
}
