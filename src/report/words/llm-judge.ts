/** What is said of an LLM judge. Pure. */
import type { LlmJudged } from '../../events.ts';
import { counted, grouped } from '../text.ts';
import type { Language } from './language.ts';

/** Who has judged how many responses, and what that is worth. */
export const llmJudgeWords: Readonly<Record<Language, (judged: LlmJudged) => string>> = {
  en: ({ model, endpoint, judged, samples }) =>
    `Faithfulness and coverage are what the model ${model} at ${endpoint} said of ${grouped(judged)} of ${counted(samples, 'response')}: the share of a summary's claims that the dialogue supports, and the share of the points of a good summary that it has. A language model errs as well; the verdict does not read them.`,
  ko: ({ model, endpoint, judged, samples }) =>
    `충실도와 포괄도는 ${endpoint}의 모델 ${model}에 물어 응답 ${grouped(samples)}개 가운데 ${grouped(judged)}개를 평가한 값입니다. 충실도는 요약의 주장 중 대화가 뒷받침하는 비율이고, 포괄도는 좋은 요약에 있어야 할 요점 중 요약에 담긴 비율입니다. 언어 모델의 평가도 틀릴 수 있으므로 판정에는 쓰지 않습니다.`,
};
