import type { PolicyConfig } from '../family/families.ts';
import type { ScopeOptions } from '../nn/scope.ts';

/** What makes up a policy, as far as its graphs are concerned. */
export interface PolicyShape extends ScopeOptions {
  readonly config: PolicyConfig;
  readonly valueHead: boolean;
}
