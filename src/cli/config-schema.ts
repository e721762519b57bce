import { z } from 'zod';
import type { Kind } from '../jobs/kind.ts';
import { settingsOf } from '../settings/setting.ts';
import { jobOptions } from './job-options.ts';
import { groupNames } from './setting-names.ts';

/**
 * JSON Schema of a job's `config.yaml` for editors, as the text of `schema/<job>.json`. Draft 7, which
 * all of them know. What settings must be together it cannot say: `src/rl/rules.ts` and the jobs' own
 * schemas do.
 */
export function configSchema(kind: Kind): string {
  const { name: job } = kind;
  const result = kind.result === undefined ? 'result' : 'run';
  const settings = jobOptions(kind).known;
  const schema = z.toJSONSchema(settings.partial(), {
    io: 'input',
    target: 'draft-7',
    override({ jsonSchema }) {
      delete jsonSchema.group; // of --help
      delete jsonSchema.placeholder;
      delete jsonSchema.escapes;
      delete jsonSchema.expects;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  const { $schema, type, properties: definitions = {}, additionalProperties } = schema;
  const refer = (name: string) => ({ $ref: `#/definitions/${name}` });
  const properties: Record<string, object> = {};
  for (const name of Object.keys(definitions)) properties[name] = refer(name);
  for (const [group, names] of groupNames(settingsOf(settings))) {
    const inside = [...names].map(([name, setting]) => [name, refer(setting)]);
    const mapping = {
      description: 'Settings that may also stand by themselves',
      type: 'object',
      properties: Object.fromEntries(inside),
      additionalProperties: false,
    };
    properties[group] = group in definitions ? { anyOf: [refer(group), mapping] } : mapping;
  }
  const head = {
    $schema,
    $id: `urn:tactful:${job}`,
    title: `Settings of tactful ${job}`,
    description: `What \`tactful ${job} --config\` reads, and what the config.yaml of a ${result} holds. What is left out has its default.`,
  };
  const whole = { ...head, type, properties, additionalProperties, definitions };
  const text = JSON.stringify(whole, null, 2);
  return `${text.replace(/\{\s+("\$ref": "[^"]+")\s+\}/g, '{ $1 }')}\n`;
}
