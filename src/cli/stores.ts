/** The stores of a run: opened, looked at before it starts, and brought what happens in it. */
import { join } from 'node:path';
import { logName } from '../disk/result-folder.ts';
import { quoted } from '../disk/shell.ts';
import { UnavailableError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import type { Courier, Delivered, Trouble } from '../store/courier.ts';
import type { RunStore } from '../store/store.ts';
import type { CommandContext } from './command.ts';
import { type StoreName, type StoreSettings, storesIn } from './store-options.ts';

const openers: Readonly<Record<StoreName, (settings: StoreSettings) => Promise<RunStore>>> = {
  dynamodb: openDynamo,
  tensorboard: async () => (await import('../store/tensorboard.ts')).tensorboardStore(),
  mlflow: openMlflow,
};

async function openDynamo(settings: StoreSettings): Promise<RunStore> {
  const { table, createTable, key, tableItems, endpoint, region } = settings;
  const { dynamoRunStore } = await import('../store/dynamodb-run-store.ts');
  return dynamoRunStore({
    ...{ table, createTable, key, tableItems },
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
  });
}

async function openMlflow({ trackingUri, experiment }: StoreSettings): Promise<RunStore> {
  const { mlflowStore } = await import('../store/mlflow.ts');
  return mlflowStore({ trackingUri, experiment });
}

/** The stores that settings name. Nothing is asked of them yet. */
export function openStores(settings: StoreSettings): Promise<RunStore[]> {
  return Promise.all(storesIn(settings).map((name) => openers[name](settings)));
}

interface Going {
  /** The run goes on. */
  readonly resume: boolean;
  readonly context: Pick<CommandContext<unknown>, 'note'>;
}

/**
 * Opens the stores of a run and looks whether it can be written there, before anything is trained: a
 * table that is missing, or taken, is better known now. A run that goes on does so without a store that
 * cannot be reached for now.
 * @returns undefined where the folder is all
 */
export async function openCourier(
  folder: string,
  settings: StoreSettings,
  { resume, context }: Going,
): Promise<Courier | undefined> {
  const stores = await openStores(settings);
  if (stores.length === 0) return undefined;
  const [{ startCourier }, { runRecord }, { readEvents }] = await Promise.all([
    import('../store/courier.ts'),
    import('../store/rollouts.ts'),
    import('../store/event-log.ts'),
  ]);
  const onTrouble = (trouble: Trouble) => context.note(troubleNote(trouble));
  const events = resume ? await readEvents<JobEvent>(join(folder, logName)) : [];
  const record = await runRecord(folder, events);
  try {
    for (const store of stores) {
      await store.check(record).catch((error) => {
        if (!resume || !(error instanceof UnavailableError)) throw error;
        onTrouble({ store, error, isFinal: false });
      });
    }
  } catch (error) {
    await Promise.allSettled(stores.map((store) => store.close()));
    throw error;
  }
  return startCourier({ folder, stores, events, onTrouble });
}

function troubleNote({ store, error, isFinal }: Trouble) {
  const message = error instanceof Error ? error.message : String(error);
  const isNamed = message.toLowerCase().startsWith(store.name);
  const says = isNamed ? message : `${store.says}: ${message}`;
  const follows = isFinal
    ? 'It gets no more of this run, which goes on.'
    : 'The run goes on, and it is tried again.';
  return { says: `${says} ${follows}` };
}

/** A run's events, each told to the courier: it is in the log by then. */
export async function* telling<Event extends JobEvent>(
  events: AsyncIterable<Event>,
  courier: Courier | undefined,
): AsyncGenerator<Event> {
  for await (const event of events) {
    courier?.tell(event);
    yield event;
  }
}

/** Milliseconds that stores get to take what is left: of a run that ended by itself, or not. */
const patience = { ended: 120_000, brokenOff: 5_000 };

/** Waits for the stores, as long as is bearable; Ctrl-C ends it. */
export function finishStores(
  courier: Courier | undefined,
  signal: AbortSignal,
  end: keyof typeof patience = signal.aborted ? 'brokenOff' : 'ended',
): Promise<Delivered[]> {
  return courier?.finish({ signal, limit: patience[end] }) ?? Promise.resolve([]);
}

/** Whether a store does not have all of a run. */
export function isLeft({ events, of, error }: Delivered): boolean {
  return events < of || error !== undefined;
}

/** What a store has of a run in the end, in words. */
export function deliveredText(delivered: Delivered, folder: string): string {
  const { store, events, of } = delivered;
  if (!isLeft(delivered)) return store.says;
  return `${store.says} has ${events} of ${of} events; send what is missing: ${syncCommand(folder)}`;
}

/** The same for programs. */
export function toldDelivered(delivered: Delivered, folder: string): object {
  const { store, events, of } = delivered;
  const sync = isLeft(delivered) && { sync: syncCommand(folder) };
  return { store: store.name, place: store.says, events, of, ...sync };
}

function syncCommand(folder: string): string {
  return `npx tactful sync ${quoted(folder)}`;
}
