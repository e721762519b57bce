/** RoBERTa (Liu et al. 2019) and XLM-RoBERTa: BERTs whose positions start behind the padding id. */
import { InputError } from '../errors.ts';
import { tanh } from '../graph/ops/elementwise.ts';
import { bertNames, embeddings, firstHidden, pooledLogits } from '../nn/encoder.ts';
import { readBert, writeBert } from './bert.ts';
import { type EncoderConfig, initialOfBert, namesOfBert } from './classifier-config.ts';
import type { ClassifierFamily } from './family.ts';

export interface RobertaConfig<Type = 'roberta' | 'xlm-roberta'> extends EncoderConfig {
  readonly modelType: Type & string;
  readonly typeVocab: number;
}

export const roberta = robertaFamily('roberta', 'RoBERTa', 'Roberta');

export const xlmRoberta = robertaFamily('xlm-roberta', 'XLM-RoBERTa', 'XLMRoberta');

function robertaFamily<Type extends string>(
  modelType: Type,
  name: string,
  architecture: 'Roberta' | 'XLMRoberta',
): ClassifierFamily<RobertaConfig<Type>> {
  return {
    kind: 'classifier',
    name,
    tokenizerClass: `${architecture}Tokenizer`,
    read(raw, where) {
      const config = { modelType, ...readBert(raw, where, { padId: 1 }) };
      checkPositions(config, where);
      return config;
    },
    write: (config) => writeBert(config, architecture),
    initial: initialOfBert,
    names: namesOfBert('roberta.'),
    forward(p, config, input) {
      const x = embeddings(p.child('roberta.embeddings'), config, input);
      const { packing } = input;
      const layers = { sizes: config, names: bertNames };
      const first = firstHidden(p.child('roberta'), layers, { x, packing });
      return pooledLogits(p, first, {
        pooler: 'classifier.dense',
        activation: tanh,
        classifier: 'classifier.out_proj',
        labels: config.labels.length,
      });
    },
    // the token between the texts of a pair alone tells them apart
    hasSegments: () => false,
    firstPosition: ({ padId }) => padId + 1,
  };
}

function checkPositions({ padId, maxPositions }: EncoderConfig, where: string): void {
  if (maxPositions > padId + 1) return;
  const expected = `more than ${padId + 1}, the position of the first token`;
  throw new InputError(`${where}: max_position_embeddings`, expected, `${maxPositions}`);
}
