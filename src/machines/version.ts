/** I/O: which tactful this is. */
import { createRequire } from 'node:module';

/** Version of tactful: driver and workers have the same. */
export const version: string = createRequire(import.meta.url)('../../package.json').version;
