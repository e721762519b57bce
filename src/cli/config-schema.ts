import { z } from 'zod';
import { sourceOptions } from './detox-options.ts';
import { outputOption } from './options.ts';
import { RunOptions } from './run-detox.ts';

/** What `--config` reads: all that a run's `config.yaml` may hold, a preset and a folder to write to. */
const fileOptions = z
  .strictObject({ preset: sourceOptions.preset, ...outputOption, ...RunOptions.shape })
  .partial();

/**
 * JSON Schema of `config.yaml` for editors, as the text of `schema/detox.json`. Draft 7, which all
 * of them know. What settings must be together it cannot say: `src/rl/rules.ts` does.
 */
export function configSchema(): string {
  const schema = z.toJSONSchema(fileOptions, {
    io: 'input',
    target: 'draft-7',
    override({ jsonSchema }) {
      delete jsonSchema.group; // of --help
      delete jsonSchema.placeholder;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  const { $schema, ...rest } = schema;
  const head = {
    $schema,
    $id: 'urn:tactful:detox',
    title: 'Settings of tactful detox',
    description:
      'What `tactful detox --config` reads, and what the config.yaml of a run holds. What is left out has its default.',
  };
  return `${JSON.stringify({ ...head, ...rest }, null, 2)}\n`;
}
