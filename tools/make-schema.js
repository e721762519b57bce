/**
 * Writes schema/<job>.json, by which editors check and complete a config.yaml.
 *
 *     npm run make:schema
 */
import { writeFileSync } from 'node:fs';
import { configSchema } from '../dist/cli/config-schema.js';
import { jobs } from '../dist/cli/jobs.js';

for (const job of Object.keys(jobs)) {
  writeFileSync(new URL(`../schema/${job}.json`, import.meta.url), configSchema(job));
}
