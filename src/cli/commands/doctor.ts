import { z } from 'zod';
import type { Finding } from '../../doctor/finding.ts';
import { DetoxConfig } from '../../jobs/detox/config.ts';
import { detoxKind } from '../../jobs/detox/detox.ts';
import type { Engine } from '../../runtime/engine.ts';
import { defineCommand } from '../command.ts';
import { openComputing } from '../engine.ts';
import { Told } from '../errors.ts';
import { settingsIn } from '../job-command.ts';
import { jobOptions, versusOptions } from '../job-options.ts';
import { showDownload } from '../locate.ts';
import type { MachineSettings } from '../machine-options.ts';
import { type EngineSettings, engineAndRest } from '../options.ts';
import { named, namedRemedy } from '../remedies.ts';
import { requireOption } from '../required.ts';
import { omit } from '../settings.ts';
import { findingText, totalText } from '../show-findings.ts';
import { storeOptions } from '../store-options.ts';

const ofRun = jobOptions(detoxKind);
/** A config file also says where a run and its comparison go and are shown, what is to come of it, and which runs there are beside it. */
const elsewhere = [
  ...['output', 'ui'],
  ...Object.keys({ ...requireOption, ...storeOptions, ...versusOptions }),
];
const { shape, def } = ofRun.options;
const options = z
  .strictObject(omit(shape, elsewhere) as typeof shape)
  .check(...((def.checks ?? []) as z.core.$ZodCheck<unknown>[]));

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
    const under = await ofRun.under(given);
    return { ...under, values: omit(under.values, elsewhere) };
  },
  async run({ options, ...context }) {
    const { json, names, print, progress, screen, signal } = context;
    const downloading = showDownload(progress);
    const { doctor: checkUp } = await import('../../doctor/doctor.ts');
    const asked = options as z.infer<typeof options> & EngineSettings & MachineSettings;
    const config = DetoxConfig.parse(settingsIn(asked, detoxKind));
    const wanted = { name: 'doctor' };
    const computing = await openComputing(undefined, asked, { wanted, context });
    const { engine: started } = computing;
    const isExact = started.precision === 'f32' || asked.workers !== undefined;
    const engine = isExact ? started : await exact(asked, started);
    const found: Finding[] = [];
    const tell = (raw: Finding) => {
      const { says, remedy } = raw;
      const todo = remedy !== undefined && { remedy: namedRemedy(remedy, names) };
      const finding: Finding = { ...raw, says: named(says, names), ...todo };
      found.push(finding);
      if (!json) print(findingText(finding, screen));
    };
    if (engine !== started) tell(otherEngine(started, engine));
    try {
      for await (const event of checkUp(config, { engine, signal, downloading })) {
        if (event.type === 'finding') tell(event.finding);
        else {
          const { doing: status, done, total } = event;
          progress.update({ phase: 'doctor', done, total, status });
        }
      }
    } finally {
      await (engine === started ? computing : engine).close();
    }
    progress.close();
    print(json ? JSON.stringify(found) : `\n${totalText(found, screen)}`);
    if (found.some(({ status }) => status === 'error')) throw new Told();
  },
});

/** Small differences, of losses and between batches, drown in the rounding of bf16. */
async function exact(asked: EngineSettings, other: Engine): Promise<Engine> {
  await other.close();
  const { engine: settings } = engineAndRest(asked);
  const { startEngine } = await import('../../runtime/select.ts');
  return startEngine({ ...settings, precision: 'f32' });
}

function otherEngine(ofRun: Engine, own: Engine): Finding {
  const says = `The run computes on ${ofRun.description}; this check-up, for its small differences, on ${own.description}.`;
  return { check: 'engine', status: 'ok', says };
}
