import { z } from 'zod';
import type { Finding } from '../../doctor/finding.ts';
import { defineCommand } from '../command.ts';
import {
  checkTogether,
  detoxFields,
  settingsUnder,
  sourceOptions,
  storeOptions,
} from '../detox-options.ts';
import { Told } from '../errors.ts';
import { engineOptions, outputOption } from '../options.ts';
import { findingText, totalText } from '../show-findings.ts';

const options = z
  .strictObject({ ...sourceOptions, ...detoxFields(), ...engineOptions })
  .superRefine(checkTogether);

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Check models, reward, data and settings before a run.',
  description:
    'Takes the options of detox and looks at the run that they would start: it samples a few ' +
    'responses and changes and writes nothing. Each finding says what to do. Exit code 1 when one ' +
    'is an error.',
  examples: [
    ['tactful doctor', 'the demo'],
    ['tactful doctor --model DIR --reward-model DIR --data train.csv', 'a run of your own'],
    ['tactful doctor --config runs/RUN/config.yaml', 'a run that was'],
  ],
  options,
  async defaults(given) {
    const values = Object.entries(await settingsUnder(given));
    // a config file also says where a run and its comparison go
    const places = { ...storeOptions, ...outputOption };
    return Object.fromEntries(values.filter(([name]) => !Object.hasOwn(places, name)));
  },
  async run({ options: { preset, config: _, device, threads, ...config }, ...context }) {
    const { json, print, progress, screen, signal } = context;
    const { startEngine } = await import('../../runtime/remote.ts');
    const { doctor: checkUp } = await import('../../doctor.ts');
    const engine = await startEngine({ device, threads });
    const found: Finding[] = [];
    try {
      for await (const event of checkUp(config, { engine, signal })) {
        if (event.type === 'progress') {
          const { doing: status, done, total } = event;
          progress.update({ phase: 'doctor', done, total, status });
        } else {
          found.push(event.finding);
          if (!json) print(findingText(event.finding, screen));
        }
      }
    } finally {
      await engine.close();
    }
    progress.close();
    print(json ? JSON.stringify(found) : `\n${totalText(found, screen)}`);
    if (found.some(({ status }) => status === 'error')) throw new Told();
  },
});
