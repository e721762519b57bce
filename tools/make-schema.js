/**
 * Writes schema/detox.json, by which editors check and complete a config.yaml.
 *
 *     npm run make:schema
 */
import { writeFileSync } from 'node:fs';
import { configSchema } from '../dist/cli/config-schema.js';

writeFileSync(new URL('../schema/detox.json', import.meta.url), configSchema());
