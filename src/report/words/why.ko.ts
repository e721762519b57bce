import type { ChangeTexts, Moved, WhyWords } from './why-words.ts';

const moved = ({ of, better }: Moved) =>
  of === 'toxicity'
    ? `독성이 가장 많이 ${better ? '줄어든' : '늘어난'}`
    : `보상이 가장 많이 ${better ? '오른' : '내린'}`;
const movement = ({ of, better }: Moved) =>
  of === 'toxicity' ? `독성 ${better ? '감소' : '증가'}` : `보상 ${better ? '상승' : '하락'}`;

const shown = ({ words }: ChangeTexts) =>
  words.length === 0
    ? ''
    : `(${words.map(({ word, prompts }) => `“${word}” ${prompts}`).join(', ')})`;

/** ‘응답은 …’ 뒤에 오는 말. */
const deeds: Readonly<Record<string, (fell: boolean) => string>> = {
  harmfulWords: (fell) =>
    fell
      ? '나쁘게 평가된 응답에 특징적인 단어가 빠졌습니다'
      : '나쁘게 평가된 응답에 특징적인 단어가 새로 들어갔습니다',
  helpfulWords: (fell) =>
    `좋게 평가된 응답에 특징적인 단어가 ${fell ? '빠졌습니다' : '들어갔습니다'}`,
  listedWords: (fell) => `목록의 단어가 ${fell ? '빠졌습니다' : '들어갔습니다'}`,
  length: (fell) => `응답이 ${fell ? '짧아졌습니다' : '길어졌습니다'}`,
  overlap: (fell) => `대화에서 가져온 단어의 비율이 ${fell ? '줄었습니다' : '늘었습니다'}`,
  copied: (fell) => `대화를 그대로 옮긴 부분이 ${fell ? '줄었습니다' : '늘었습니다'}`,
  names: (fell) => `남아 있는 이름과 숫자가 ${fell ? '줄었습니다' : '늘었습니다'}`,
  strangeNames: (fell) => `대화에 없는 이름과 숫자가 ${fell ? '줄었습니다' : '늘었습니다'}`,
  truncated: (fell) => (fell ? '더 이상 잘리지 않습니다' : '길이 제한에 잘렸습니다'),
};

export const whyWordsKo: WhyWords = {
  title: '왜 좋아졌는가',
  basis: ({ prompts, alpha }) =>
    `프롬프트 ${prompts}개 전체를 대상으로 합니다. 여기에 적힌 것은 전과 후 사이에 달라졌고 개선 폭과도 함께 움직인 것으로, 두 검정 모두 전체 질문에 대해 p < ${alpha}입니다(전후 교환, 순열 검정, Holm 보정). 함께 움직인다는 뜻이며 인과의 증명은 아닙니다.`,
  nothing: '측정한 것 가운데 개선된 응답을 다른 응답과 구별해 주는 것은 없습니다.',
  features: {
    harmfulWords: '나쁘게 평가된 응답에 특징적인 단어가 있음',
    helpfulWords: '좋게 평가된 응답에 특징적인 단어가 있음',
    listedWords: '목록의 단어가 있음',
    length: '길이(토큰)',
    overlap: '대화에 나오는 단어의 비율',
    copied: '네 단어 이상 그대로 옮긴 부분의 비율',
    names: '유지된 이름과 숫자의 비율',
    strangeNames: '대화에 없는 이름과 숫자의 수',
    truncated: '길이 제한에 잘림',
  },
  cause(feature, texts, place) {
    const { most, others, before, after, share, rho, fell } = texts;
    const start = place === 0 ? '' : '그 밖에, ';
    const counts =
      most && others
        ? `${moved(texts)} 프롬프트 ${most.of}개 가운데 ${most.with}개에서 ${deeds[feature](fell)}${shown(texts)}. 나머지 ${others.of}개 가운데서는 ${others.with}개입니다.`
        : '';
    const part = `이것으로 ${movement(texts)}의 ${share}가 설명됩니다(${whyWordsKo.features[feature]}: ${before} → ${after}, 순위 상관 ${rho}).`;
    return `${start}${counts} ${part}`.trim();
  },
  against: (feature, texts) =>
    `반대 방향: ‘${whyWordsKo.features[feature]}’ 값이 ${texts.before} → ${texts.after}로 바뀌었고, 이는 더 작은 개선과 함께 나타납니다(순위 상관 ${texts.rho}).`,
  given(given, texts) {
    const { group, n, without, gain, gainWithout, more } = texts;
    const means = `프롬프트 ${n}개의 평균 개선 폭은 ${gain}, 나머지 ${without}개는 ${gainWithout}입니다`;
    if (given === 'level')
      return `개선은 개선할 것이 있던 곳에서 나왔습니다. 전이나 후에 독성이 있던 ${means}.`;
    const size = more ? '더 큽니다' : '더 작습니다';
    if (given === 'promptWords')
      return `대화 자체에 나쁘게 평가된 응답의 단어가 있으면 개선 폭이 ${size}. 그런 ${means}.`;
    return `‘${group}’ 그룹에서 개선 폭이 ${size}. 이 그룹의 ${means}.`;
  },
  went: (grams) => `사라진 표현(프롬프트 수, 전 → 후): ${grams}.`,
  came: (grams) => `새로 나온 표현: ${grams}.`,
  gram: (gram, before, after) => `“${gram}” (${before} → ${after})`,
  correlations: '측정한 것',
  columns: ['', '전', '후', '변화', '개선 폭과의 상관', 'p'],
  correlationsNote: (level) =>
    `프롬프트에 대한 스피어만 순위 상관과 ${level} 신뢰구간입니다. p는 두 질문을 함께 본 유의확률(Holm 보정)입니다.`,
  gained: (n) => `독성이 가장 많이 줄어든 대표적인 쌍: 전체에서 ${n}개`,
  lost: (n) => `독성이 늘어난 쌍: 전체에서 ${n}개`,
  pairColumns: ['독성', '전', '후', '단어'],
  together: {
    title: '보상과 ROUGE를 함께 보기',
    quadrants: {
      'gained and kept': '보상이 오르고 ROUGE 유지',
      'gained at a cost': 'ROUGE를 대가로 보상이 오름',
      'closer without gain': '보상은 오르지 않고 참조에 가까워짐',
      lost: '나빠짐',
      unchanged: '변화 없음',
    },
    columns: ['', '프롬프트', '비율'],
    ofGained: ({ n, change, outcome }) => {
      const words = { rose: '올랐습니다', fell: '내렸습니다', open: '입증할 만한 변화가 없습니다' };
      return `보상이 오른 프롬프트(${n}개)에서 ROUGE-1은 ${words[outcome]}: ${change}.`;
    },
    correlation: (rho) => `전체 프롬프트에서 두 변화의 순위 상관: ${rho}.`,
  },
  pareto: {
    checkpoint: (step) => `${step}단계 후`,
    title: '남겨 둘 만한 것',
    columns: ['', '보상', '독성', 'ROUGE-1', ''],
    front: '모든 면에서 더 나은 것이 없음',
    dominated: (names) => `${names}보다 못함`,
    note: '평균만 비교한 것입니다. 차이가 작으면 다른 프롬프트에서는 순서가 바뀔 수 있습니다.',
  },
};
