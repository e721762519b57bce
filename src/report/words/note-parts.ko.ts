/** Korean of what stands in the sentences of `notes.ko.ts`. */

/** What stands in sentences, and in the record of a run. */
export const parts: readonly (readonly [english: string, korean: string])[] = [
  ['{} of the tokens of {} ({} of {} in each)', '{1} 토큰의 {0}(하나당 {3}개 중 {2}개)'],
  ['each {} times', '모두 {0}번씩'],
  ['some {} times', '많게는 {0}번'],
  ['a length above {} characters', '{0}자가 넘는 길이'],
  ['the word "{}"', '단어 "{0}"'],
  ['topic "{}"', '주제 "{0}"'],
  ['a map', '맵'],
  ['variants', '배리언트'],
  ['too much within each other', '너무 깊이 겹친 값'],
  ['decimals of any length', '길이가 정해지지 않은 십진수'],
  ['a list of texts, joined as lines', '글의 목록이며 줄로 이은 것'],
  ['a list of pairs, joined as "speaker: text" lines', '쌍의 목록이며 "화자: 글" 줄로 이은 것'],
  [
    'a list of turns, joined as "speaker: text" lines by {}',
    '차례의 목록이며 {0}에 따라 "화자: 글" 줄로 이은 것',
  ],
  ['{} (written as text)', '{0}(글로 적힘)'],
  ['prompts', '프롬프트'],
  ['summaries', '요약'],
  ['No prompts', '없음'],
  [
    '`minimumLength` to {} and `maximumLength` to {}',
    '`minimumLength`를 {0}, `maximumLength`를 {1}',
  ],
  ['`minimumLength` to {}', '`minimumLength`를 {0}'],
  ['`maximumLength` to {}', '`maximumLength`를 {0}'],
  ['{}, which has another config than {}', '{0}, 설정이 다른 모델: {1}'],
  ['{}, and is put on {}', '{0}, 지금 얹은 모델: {1}'],
  ['tabs', '탭'],
  ['reward model', '보상 모델'],
  ['toxicity model', '독성 모델'],
  ['{} × {} of the reward model + {}', '{0} × 보상 모델의 {1} + {2}'],
  ['{} of the reward model + {}', '보상 모델의 {0} + {1}'],
  ['{} × {} of the reward model', '{0} × 보상 모델의 {1}'],
  ['{} of the reward model', '보상 모델의 {0}'],
  ['logit {}', '로짓 {0}'],
  ['logits {}', '로짓 {0}'],
  ['number {}', '값 {0}'],
  ['numbers {}', '값 {0}'],
  ['probability of {}', '{0}의 확률'],
  ['sum of the probabilities of {}', '{0} 확률의 합'],
  ['largest of the probabilities of {}', '{0} 확률 중 가장 큰 값'],
  ['largest of the numbers {}', '{0} 값 중 가장 큰 값'],
  ['1 where one of {} is there, else 0', '{0} 중 하나가 있으면 1, 없으면 0'],
  // memory
  ['about {} in each worker at most ({})', '워커마다 최대 약 {0} ({1})'],
  ['roughly {} in each worker at most ({})', '워커마다 최대 대략 {0} ({1})'],
  ['about {} ({})', '약 {0} ({1})'],
  ['roughly {} ({})', '대략 {0} ({1})'],
];

/** Of a number of things: `60 prompts`. */
export const counts: Readonly<Record<string, string>> = {
  prompt: '프롬프트 {}개',
  answer: '응답 {}개',
  row: '{}행',
  dialogue: '대화 {}개',
  'repeated dialogue': '반복된 대화 {}개',
  step: '{}스텝',
  id: '{}개',
  'listed word': '목록의 단어 {}개',
};

/** What takes memory. */
export const memoryParts: Readonly<Record<string, string>> = {
  weights: '가중치',
  'reward model': '보상 모델',
  'toxicity model': '독성 모델',
  'other judges': '다른 판정기',
  training: '학습',
  scoring: '채점',
  sampling: '샘플링',
  judging: '판정',
  adapter: '어댑터',
  'decoding copy': '디코딩용 사본',
  data: '데이터',
  program: '프로그램',
};
