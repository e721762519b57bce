/** What a screen says of a measurement without training. */
import { join } from 'node:path';
import type { RunFacts } from '../../events.ts';
import { evaluationTables } from '../../report/several/evaluation.ts';
import { countText } from '../../report/text.ts';
import { verdictSentence } from '../../report/verdict.ts';
import { languageOf } from '../../report/words/language.ts';
import { detoxScreen } from '../detox/screen.ts';
import type { KindScreen, Line } from '../kind.ts';
import type { EvaluateMeasures } from './measures.ts';

export const evaluateScreen: KindScreen<EvaluateMeasures, RunFacts> = {
  started: ({ policyParameters, referenceParameters, config }) => [
    ['policy', `${countText(policyParameters)} parameters in the adapter`],
    ...(config.against === undefined
      ? []
      : [['against', `${config.against}: ${countText(referenceParameters)}`] as const]),
  ],
  status: () => '',
  brief: (measures) => detoxScreen.brief(measures, 'after'),
  tellsMeasures: true,
  ...(detoxScreen.compared && { compared: detoxScreen.compared }),
  files({ latest: { compared, finished }, output }) {
    const at = (name: string) => join(output, name);
    return [
      ['samples', at('samples-after.jsonl')],
      ...(compared ? [['comparison', at('comparison.csv')] as Line] : []),
      ...(finished ? [['report', at('report.md')] as Line] : []),
    ];
  },
  table: ({ slices }, bold) => evaluationTables(slices.filter(isTold), { bold }),
  json({ latest: { started, before, after, compared } }) {
    const { verdict, costs, same, rouge, slices } = compared?.comparison ?? {};
    return {
      policyParameters: started?.policyParameters,
      policy: after?.slices,
      ...(before && { against: before.slices }),
      ...(compared && {
        verdict,
        says: verdictSentence(compared.comparison, languageOf(started?.config)),
      }),
      ...(costs && { costs }),
      ...{ same, rouge, slices },
    };
  },
};

/** On the screen: all, and the groups of the data. */
function isTold({ by }: EvaluateMeasures['slices'][number]): boolean {
  return by === undefined || by === 'group';
}
