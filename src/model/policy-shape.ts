import type { T5Config } from '../family/config.ts';
import type { ScopeOptions } from '../nn/scope.ts';

/** What makes up a policy, as far as its graphs are concerned. */
export interface PolicyShape extends ScopeOptions {
  readonly config: T5Config;
  readonly valueHead: boolean;
}
