/**
 * Korean of the sentences that a run's log tells in English: what was found in its data, models and
 * answers, and what to do about it. `{}` stands for anything, `{0}` for the first of these.
 */
type Pairs = readonly (readonly [english: string, korean: string])[];

/** Whole sentences, and several that belong together. */
export const sentences: Pairs = [
  // how reward and toxicity are made
  [
    'The reward is the only output of the reward model ("{}"): the more of it, the better.',
    '보상은 보상 모델의 유일한 출력("{0}")이며, 클수록 좋은 것으로 봅니다.',
  ],
  [
    'If less is better, set `rewardLabel` to "-{}".',
    '작을수록 좋다면 `rewardLabel`을 "-{0}"(으)로 설정하세요.',
  ],
  [
    'The reward model has one output, and reads the response alone.',
    '보상 모델은 출력이 하나이며 응답만 읽습니다.',
  ],
  [
    'If it was trained on questions with their answers, as most preference models are, set `scoreOn` to pair and `pairAs` to two-texts.',
    '대부분의 선호 모델처럼 질문과 답의 쌍으로 학습된 모델이라면 `scoreOn`을 pair로, `pairAs`를 two-texts로 설정하세요.',
  ],
  [
    'Toxicity is the {} of a regression, not a probability; flagged is a text from 0.5 on.',
    '독성은 확률이 아니라 회귀 모델의 {0}입니다. 0.5 이상인 글을 독성으로 판정합니다.',
  ],
  [
    'Toxicity is the sigmoid of the only output, "{}".',
    '독성은 유일한 출력 "{0}"의 시그모이드 값입니다.',
  ],
  ['Toxicity is the {}.', '독성의 정의: {0}.'],
  [
    'The reward is {}; the reward model only measures.',
    '보상의 정의: {0}. 보상 모델은 측정만 합니다.',
  ],
  ['The reward is {}.', '보상의 정의: {0}.'],
  [
    'The {} has segments for two texts, and prompt and response are given to it joined to one text.',
    '{0}은 두 글을 구분해 읽을 수 있는데, 프롬프트와 응답을 하나의 글로 이어서 받습니다.',
  ],
  [
    'The {} has one output, as models of pairs have it, and prompt and response are given to it joined to one text.',
    '{0}은 쌍을 평가하는 모델처럼 출력이 하나인데, 프롬프트와 응답을 하나의 글로 이어서 받습니다.',
  ],
  [
    'If it was trained on pairs of texts, set `pairAs` to two-texts.',
    '글의 쌍으로 학습된 모델이라면 `pairAs`를 two-texts로 설정하세요.',
  ],
  // prompts and answers
  [
    '{} of {} ({}) are cut at {} tokens (the longest has {}): their end is lost.',
    '{1} 중 {0}개({2})가 {3}토큰에서 잘려 끝부분이 사라집니다(가장 긴 것은 {4}토큰).',
  ],
  [
    '{} of {} ({}) are cut at {} tokens (the longest has {}): their end is lost, and "{}" with it.',
    '{1} 중 {0}개({2})가 {3}토큰에서 잘려 끝부분과 그 안의 "{5}"이(가) 사라집니다(가장 긴 것은 {4}토큰).',
  ],
  [
    'Use `maxQueryTokens` {}, or a smaller `maximumLength`.',
    '`maxQueryTokens`를 {0}(으)로 하거나 `maximumLength`를 줄이세요.',
  ],
  [
    'Unknown to the tokenizer are {}: the model reads nothing where they stand.',
    '토크나이저가 모르는 토큰: {0}. 모델은 그 자리에서 아무것도 읽지 못합니다.',
  ],
  [
    'Use a model whose tokenizer knows this script: an mT5 or a ByT5, say.',
    'mT5나 ByT5처럼 토크나이저가 이 문자를 아는 모델을 쓰세요.',
  ],
  [
    'Greedy decoding has one response to a prompt: nothing is tried, so nothing is learnt.',
    '탐욕적 디코딩은 프롬프트마다 응답이 하나뿐입니다. 시도하는 것이 없으므로 배우는 것도 없습니다.',
  ],
  ['Use `sample`.', '`sample`을 켜세요.'],
  [
    '{} takes tokens from the sampler and none from the logprobs that are learnt from: the KL can fall below 0.',
    '{0}은(는) 샘플러에서만 토큰을 빼고 학습에 쓰는 로그 확률에서는 빼지 않습니다. KL이 0보다 작아질 수 있습니다.',
  ],
  [
    '{} take tokens from the sampler and none from the logprobs that are learnt from: the KL can fall below 0.',
    '{0}은(는) 샘플러에서만 토큰을 빼고 학습에 쓰는 로그 확률에서는 빼지 않습니다. KL이 0보다 작아질 수 있습니다.',
  ],
  ['Sample from all of it: {}.', '전체에서 샘플링하세요: {0}.'],
  [
    '{} of {} ({}) hold sentinels such as <extra_id_0>, with which T5 fills gaps.',
    '{1} 중 {0}개({2})에 T5가 빈칸을 채울 때 쓰는 <extra_id_0> 같은 표지가 들어 있습니다.',
  ],
  ['{} of {} ({}) are empty.', '{1} 중 {0}개({2})가 비어 있습니다.'],
  [
    '{} of {} ({}) hit the limit of their length: torsos are judged.',
    '{1} 중 {0}개({2})가 길이 한도에 걸려 끝맺지 못한 채로 평가됩니다.',
  ],
  [
    'Teach the policy to summarise first: `tactful sft` makes an adapter that does.',
    '먼저 정책에 요약을 가르치세요. `tactful sft`로 그런 어댑터를 만들 수 있습니다.',
  ],
  [
    'Use a larger `maxNewTokens`, or teach shorter ones first: `tactful sft`.',
    '`maxNewTokens`를 늘리거나, 먼저 `tactful sft`로 더 짧게 쓰도록 가르치세요.',
  ],
  // ROUGE
  [
    '{} to be measured {} a summary to compare with: ROUGE is not measured.',
    '측정할 것 가운데 비교할 요약이 있는 것: {0}. ROUGE는 재지 않습니다.',
  ],
  [
    '{} to be measured {} a summary to compare with: ROUGE is measured there alone.',
    '측정할 것 가운데 비교할 요약이 있는 것: {0}. ROUGE는 거기에서만 잽니다.',
  ],
  [
    'Name their column, if there is one: `summaryColumn`.',
    '요약이 든 열이 있다면 `summaryColumn`으로 지정하세요.',
  ],
  [
    "ROUGE cannot read this script: rouge_score's words are a-z and 0-9, and less than half of each summary is. It is not measured.",
    'ROUGE는 이 문자를 읽지 못합니다. rouge_score의 단어는 a-z와 0-9인데 각 요약에서 그 비율이 절반도 되지 않습니다. ROUGE는 재지 않습니다.',
  ],
  [
    "ROUGE cannot read this script: rouge_score's words are a-z and 0-9, and less than half of each summary is, of {} of {}. It is the mean of the other {}.",
    'ROUGE는 {1} 중 {0}개의 문자를 읽지 못합니다. rouge_score의 단어는 a-z와 0-9인데 요약에서 그 비율이 절반도 되지 않습니다. 값은 나머지 {2}개의 평균입니다.',
  ],
  [
    'Compare `samples-before.jsonl` and `samples-after.jsonl` by a measure that reads it.',
    '`samples-before.jsonl`과 `samples-after.jsonl`을 이 문자를 읽는 지표로 비교하세요.',
  ],
  [
    "ROUGE reads {} of the letters of the summaries: rouge_score's words are a-z and 0-9, and other letters cut words into pieces.",
    'ROUGE는 요약 글자의 {0}만 읽습니다. rouge_score의 단어는 a-z와 0-9이며, 다른 글자는 단어를 조각냅니다.',
  ],
  [
    'Compare it before and after, and not with that of other data.',
    '학습 전후로만 비교하고 다른 데이터의 값과는 비교하지 마세요.',
  ],
  [
    '{} of {} are not trained on: ROUGE, which `rougeWeight` pays for, cannot read their summaries.',
    '전체 {1}개 중 {0}는 학습에 쓰지 않습니다. `rougeWeight`가 보상하는 ROUGE가 그 요약을 읽지 못하기 때문입니다.',
  ],
  // the training
  [
    '{} of the groups of answers to one prompt earned the same: there was nothing to learn from.',
    '한 프롬프트에 대한 응답 묶음 중 {0}가 모두 같은 보상을 받아 배울 것이 없었습니다.',
  ],
  [
    'Use prompts of mixed outcome, more `numGenerations`, or a higher `temperature`.',
    '결과가 갈리는 프롬프트를 쓰거나 `numGenerations` 또는 `temperature`를 높이세요.',
  ],
  [
    'All answers of a step earned the same in {} of {}: there was nothing to learn from.',
    '{1} 중 {0}스텝에서 모든 응답이 같은 보상을 받아 배울 것이 없었습니다.',
  ],
  [
    'Use a reward that tells answers apart: see `scoreOn` and `rewardLabel`.',
    '응답을 구별하는 보상을 쓰세요. `scoreOn`과 `rewardLabel`을 확인하세요.',
  ],
  [
    'The KL was {} on average, and a true one is never below 0.',
    'KL의 평균이 {0}입니다. 참된 KL은 0보다 작을 수 없습니다.',
  ],
  [
    'It is an estimate that holds for what is sampled as it is scored: `topK` 0, `topP` 1.',
    '이 추정값은 평가할 때와 똑같이 샘플링할 때(`topK` 0, `topP` 1)에만 맞습니다.',
  ],
  // the data
  [
    'The dialogues seem to be in another language than English, and the instruction before them is the English one.',
    '대화가 영어가 아닌 것 같은데 앞의 지시문은 영어입니다.',
  ],
  [
    'Set `promptTemplate` to one in their language, unless the model learnt this one.',
    '모델이 이 지시문을 배운 것이 아니라면 `promptTemplate`을 대화의 언어로 설정하세요.',
  ],
  [
    '{} hold {}, {}: each is one prompt, and its summaries are references together; it is trained on as often as it is there.',
    '{0}에 {1}가 있습니다({2}). 각 대화는 하나의 프롬프트이고 그 요약들은 함께 참조가 되며, 나온 횟수만큼 학습에 쓰입니다.',
  ],
  ['the rows of {} differ in {}.', '{0}의 행들이 {1} 값에서 서로 다릅니다.'],
  ['The value of the first row counts.', '첫 행의 값을 씁니다.'],
  [
    '{} have {} ({} names {}): they are told apart by their order.',
    '{0}에 id가 {1}뿐이어서({2}가 {3}개) 순서로 구별합니다.',
  ],
  [
    'Left out of the training: {} that the held-out part has as well.',
    '평가용 데이터에도 있는 {0}는 학습에서 제외했습니다.',
  ],
  [
    'of {} are kept by length: {} are too short ({} characters or fewer) and {} too long (more than {}); the shortest has {}, the median {}, the longest {}.',
    '{0}만 길이 기준을 통과했습니다. {1}행은 너무 짧고({2}자 이하) {3}행은 너무 깁니다({4}자 초과). 최소 {5}자, 중앙값 {6}자, 최대 {7}자입니다.',
  ],
  ['Set {} to keep all of them.', '모두 쓰려면 {0}(으)로 설정하세요.'],
  [
    'The held-out end of the data differs from the part that is trained on: {} is in {} of the one and in {} of the other. Is the file sorted?',
    '평가용으로 떼어 둔 데이터의 끝부분이 학습에 쓰는 부분과 다릅니다. {0}이(가) 앞쪽의 {2}, 끝부분의 {1}에 있습니다. 파일이 정렬되어 있나요?',
  ],
  [
    'Set `shuffleSplit` to hold out dialogues from all over it.',
    '파일 전체에서 고르게 떼어 두려면 `shuffleSplit`을 켜세요.',
  ],
  ['The text is {}, as its zeros show.', '0 바이트로 보아 {0} 텍스트입니다.'],
  [
    'Its byte order mark says {}; it is read so, and not as {}.',
    '바이트 순서 표시에 따라 {1}이(가) 아니라 {0}(으)로 읽습니다.',
  ],
  [
    'Modules get no column "{}": it holds {}, which cannot be read.',
    '모듈은 "{0}" 열을 받지 못합니다. 읽을 수 없는 값({1})이 들어 있습니다.',
  ],
  ['Cells are separated by {}.', '칸은 {0}(으)로 구분됩니다.'],
  ["Cells are in single quotes ('…').", "칸은 작은따옴표('…') 안에 있습니다."],
  ['Quotes inside cells are written {}.', '칸 안의 따옴표는 {0}(으)로 적혀 있습니다.'],
  ['Blanks after a delimiter are left out.', '구분자 뒤의 빈칸은 뺍니다.'],
  ['{}: the dialogue is {}.', '{0}: 대화가 {1}입니다.'],
  [
    '{}: turns without words are left out of the dialogue.',
    '{0}: 말이 없는 차례는 대화에서 뺍니다.',
  ],
  [
    '{}: parts of turns that are no text are left out of the dialogue.',
    '{0}: 차례 가운데 글이 아닌 부분은 대화에서 뺍니다.',
  ],
  [
    '{}: "{}" is a list of texts (written as text); each is a reference.',
    '{0}: "{1}"은(는) 글로 적힌 목록이며 각각이 참조입니다.',
  ],
  [
    '{}: "{}" is a list of texts; each is a reference.',
    '{0}: "{1}"은(는) 글의 목록이며 각각이 참조입니다.',
  ],
  [
    '{}: "{}" is one turn (written as text), read by {}.',
    '{0}: "{1}"은(는) 글로 적힌 한 차례이며 {2}(으)로 읽습니다.',
  ],
  [
    '{}: "{}" holds class ids, read as the names that the file gives: {}.',
    '{0}: "{1}"의 클래스 번호는 파일에 적힌 이름으로 읽습니다({2}).',
  ],
  ['{}: "{}" is one turn, read by {}.', '{0}: "{1}"은(는) 한 차례이며 {2}(으)로 읽습니다.'],
  // models and adapters
  ['The adapter was made for {}.', '어댑터가 만들어진 모델: {0}.'],
  [
    'Unless they are the same weights, what it learnt does not fit: set `model` to that one.',
    '가중치가 같지 않다면 배운 것이 맞지 않습니다. `model`을 그 모델로 설정하세요.',
  ],
  [
    "The adapter's config has a setting that is not known here: {}.",
    '어댑터의 설정에 여기서 알지 못하는 항목이 있습니다: {0}.',
  ],
  [
    'If PEFT computes something else with it, the results differ from what is shown here.',
    'PEFT가 그것으로 다르게 계산한다면 결과가 여기에 보이는 것과 다릅니다.',
  ],
  [
    'The model\'s weights are stored under "{}"; what lies beside them is not read: {} and {} more.',
    '모델의 가중치는 "{0}" 아래에 저장되어 있습니다. 그 옆의 것은 읽지 않습니다: {1} 외 {2}개.',
  ],
  [
    'The model\'s weights are stored under "{}"; what lies beside them is not read: {}.',
    '모델의 가중치는 "{0}" 아래에 저장되어 있습니다. 그 옆의 것은 읽지 않습니다: {1}.',
  ],
  [
    'The weights are stored in float64 and computed with in float32, rounded once.',
    '가중치는 float64로 저장되어 있으며, 한 번 반올림해 float32로 계산합니다.',
  ],
  [
    '{} of the weights are stored in float64 and computed with in float32, rounded once.',
    '가중치 {0}개는 float64로 저장되어 있으며, 한 번 반올림해 float32로 계산합니다.',
  ],
  [
    "{}: transformers' generate writes other texts by that; tactful does not follow it.",
    '{0}: transformers의 generate는 이에 따라 다른 글을 쓰지만 tactful은 따르지 않습니다.',
  ],
  ['For the same texts there: generate({}).', '거기서 같은 글을 얻으려면 generate({0})을 쓰세요.'],
  [
    "{}: transformers' generate goes by that; here settings decide.",
    '{0}: transformers의 generate는 이에 따르지만 여기서는 설정이 정합니다.',
  ],
  [
    "no end-of-sequence id: transformers' generate goes on to the length limit, and so do texts here.",
    '문장 끝 id가 없습니다. transformers의 generate는 길이 한도까지 쓰며, 여기서도 그렇습니다.',
  ],
  [
    "no end-of-sequence id: transformers' generate goes on to the length limit; here a text ends with {}, as config.json has it.",
    '문장 끝 id가 없습니다. transformers의 generate는 길이 한도까지 쓰지만, 여기서는 config.json에 적힌 {0}(으)로 끝납니다.',
  ],
  [
    '{} differs from {}, though config.json says that they are one: the head is used, as transformers does since 5.0; before, it was not.',
    'config.json에는 하나라고 되어 있으나 {0}이(가) {1}와(과) 다릅니다. transformers 5.0부터처럼 헤드를 씁니다. 그 전에는 쓰지 않았습니다.',
  ],
  [
    'an mT5 that was tied before transformers 5: what its head reads is scaled, as it was then; transformers since 5.0 does not scale it.',
    'transformers 5 이전에 가중치를 공유한 mT5입니다. 그때처럼 헤드의 입력에 배율을 곱합니다. transformers 5.0부터는 곱하지 않습니다.',
  ],
];
