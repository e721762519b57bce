/** The settings of `detox` as its command takes them. */
import { z } from 'zod';
import { jobOptions } from '../../src/cli/job-options.ts';
import { omit } from '../../src/cli/settings.ts';
import { type DetoxConfig, resolvedConfig } from '../../src/jobs/detox/config.ts';
import { detoxKind } from '../../src/jobs/detox/detox.ts';
import type { Settings } from '../../src/jobs/kind.ts';

const { known, options, under } = jobOptions(detoxKind);

export { known as fileSettings, under as settingsUnder };

/** All but where they come from and go. */
export const RunOptions = z
  .strictObject(omit(known.shape, ['preset', 'output']) as typeof known.shape)
  .check(...((options.def.checks ?? []) as z.core.$ZodCheck<unknown>[]));

/** With all defaults that follow from others. */
export const resolvedOptions = (given: Settings): Settings =>
  resolvedConfig(RunOptions.parse(given) as unknown as DetoxConfig);
