/** Delivers a run's folder to a DynamoDB table: a process of its own, so that it can be killed. */

import { dynamoRunStore } from '../../dist/store/dynamodb-run-store.js';
import { readEvents } from '../../dist/store/event-log.js';

const [folder, endpoint] = process.argv.slice(2);
const store = dynamoRunStore({ table: 'killed', endpoint, createTable: true });
const record = {
  folder,
  events: await readEvents(`${folder}/events.jsonl`),
  rollouts: async () => [],
  queries: async () => new Map(),
};
for await (const _ of store.deliver(record, { events: 0 }));
await store.close();
