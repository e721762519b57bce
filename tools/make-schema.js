/**
 * Writes schema/<job>.json, by which editors check and complete a config.yaml.
 *
 *     npm run make:schema
 */
import { writeFileSync } from 'node:fs';
import { configSchema } from '../dist/cli/config-schema.js';
import { kinds } from '../dist/jobs/kinds.js';

for (const { name, load } of kinds) {
  writeFileSync(new URL(`../schema/${name}.json`, import.meta.url), configSchema(await load()));
}
