/** Logs of jobs, to be compared. */
import type { JobEvent } from '../../src/events.ts';
import { readEvents } from '../../src/store/event-log.ts';

/** What a clock says, and a name. */
const unsteady = { time: '', seconds: 0, peakMemory: 0, runId: '' };
/** A resumed job says which engine, not why that one was chosen. */
const plain = (engine: string) => engine.replace(/ \(.*\)$/, '');

/** A log without what a clock says, and without that it was stopped: it is that of a job never stopped. */
export async function steadyLog(path: string): Promise<object[]> {
  const events = await readEvents<JobEvent>(path);
  const ofStops = ['resumed', 'stopped', 'checkpoint'];
  return events
    .filter(({ type }) => !ofStops.includes(type))
    .map((event) => ({
      ...event,
      ...unsteady,
      ...('engine' in event && { engine: plain(event.engine) }),
    }));
}
