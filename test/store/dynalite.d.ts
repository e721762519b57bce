declare module 'dynalite' {
  import type { Server } from 'node:http';
  /** A DynamoDB emulator as an HTTP server; tables take `createTableMs` to become ACTIVE. */
  export default function dynalite(options?: {
    readonly createTableMs?: number;
    readonly maxItemSizeKb?: number;
  }): Server;
}
