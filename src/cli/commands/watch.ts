import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { defineCommand } from '../command.ts';

const options = z.strictObject({
  every: z
    .number()
    .min(0.1)
    .max(3600)
    .default(1)
    .meta({ placeholder: 'seconds' })
    .describe('Seconds between two looks at the folder'),
});

export const watch = defineCommand({
  name: 'watch',
  summary: 'Follow a run while it trains: curves, the time that is left, what guards saw.',
  description:
    'It reads the folder of the run and touches nothing, from another terminal or another user. It ends ' +
    'when the run does; Ctrl-C ends the watching alone. Where the output is no terminal, each step is a line.',
  examples: [
    ['tactful watch runs/RUN', 'one screen, drawn again as the run goes on'],
    ['tactful watch runs/RUN | tee steps.txt', 'a line a step'],
    ['tactful watch runs/RUN --json', 'its events, a line each'],
  ],
  arguments: [{ name: 'run', description: 'Folder of a run', required: true }],
  options,
  stopping: 'watching no more; the run goes on',
  async run({ arguments: [folder], options: { every }, json, print, screen, signal }) {
    const [{ followRun }, { stepLine, watchText }, { newEvents }] = await Promise.all([
      import('../follow-run.ts'),
      import('../watch-text.ts'),
      import('../new-events.ts'),
    ]);
    const wait = () => setTimeout(every * 1000, undefined, { signal }).catch(() => {});
    const redraws = screen.redraws === true && !json;
    const fresh = newEvents();
    let height = 0;
    for await (const run of followRun(folder, { signal, wait })) {
      const told = fresh(run.events);
      if (json) for (const event of told) print(JSON.stringify(event));
      if (!json && !redraws) {
        for (const event of told) if (event.type === 'step') print(stepLine(event));
      }
      const isLast = run.state !== 'running';
      if (!redraws && (json || !isLast)) continue;
      const text = watchText(run, screen.width);
      print(`${height > 0 ? `\x1b[${height}A\x1b[J` : ''}${text}`);
      height = text.split('\n').length;
    }
  },
});
