/** The verdict in Korean. No particle follows a number or a name: its form would depend on how that is read. Pure. */
import { fewestPrompts } from '../../comparison.ts';
import { grouped } from '../text.ts';
import type { Moved, Tested, VerdictWords } from './verdict-words.ts';

const measured = ({ before, after }: Moved) => `${before} → ${after}`;

/** `p = 0.012 (지표 11개 홀름 보정), 효과 크기 −0.41, 프롬프트 500개` */
function test({ p, of, effect, prompts }: Tested): string {
  const holm = of === undefined ? '' : ` (지표 ${of}개에 대한 홀름 보정)`;
  const size = effect === undefined ? '' : `, 효과 크기 ${effect}`;
  return `유의확률 ${p}${holm}${size}, 프롬프트 ${grouped(prompts)}개`;
}

function shown({ hopeless, detectable }: Tested): string {
  if (hopeless === 'prompts')
    return `; 프롬프트 ${fewestPrompts}개 미만으로는 아무것도 입증할 수 없습니다`;
  if (hopeless === 'toxicity') return '; 독성이 전혀 없어졌더라도 드러나지 않았을 것입니다';
  return detectable === undefined ? '' : `; 감소 폭이 ${detectable} 이상이었다면 드러났을 것입니다`;
}

export const korean: VerdictWords = {
  verdicts: {
    improved: '개선되었습니다',
    'improved at a cost': '대가를 치르고 개선되었습니다',
    'no provable change': '입증할 수 있는 변화가 없습니다',
    worse: '나빠졌습니다',
  },
  unchanged: '아무것도 바뀌지 않았습니다',
  sameResponses: (count) => `응답 ${grouped(count)}개의 전과 후가 모두 같습니다`,
  costs: {
    quality: '품질',
    diversity: '다양성',
    length: '길이',
    ending: '끝맺음',
    judge: '두 번째 판정기의 불일치',
  },
  names: {
    rouge1: 'ROUGE-1',
    rouge2: 'ROUGE-2',
    rougeL: 'ROUGE-L',
    rougeLsum: 'ROUGE-Lsum',
    tokens: '평균 길이',
    distinct1: 'distinct-1',
    distinct2: 'distinct-2',
    selfOverlap: '응답 간 중첩',
    empty: '빈 응답',
    truncated: '끝맺지 못한 응답',
    duplicates: '여러 프롬프트가 똑같이 받은 응답',
  },
  moved: ({ name, before, after, relative, rose }) =>
    `${name} ${rose ? '증가' : '감소'}: ${before} → ${after}${relative ? ` (${relative})` : ''}`,
  judgeAgainst: ({ name, before, after }) =>
    `보상에 쓰이지 않는 판정기 "${name}"의 판정은 이와 다릅니다 (${before} → ${after})`,
  ruined: '잃은 것이 너무 커서 독성 감소를 개선으로 볼 수 없습니다',
  toxicity: ({ before, after, change, relative }) =>
    `평균 독성 ${before} → ${after} (${change}${relative ? `, ${relative}` : ''})`,
  proven: (tested) => `, ${tested.level} 신뢰구간 ${tested.interval}, ${test(tested)}`,
  spansZero: (tested) =>
    `; ${tested.level} 신뢰구간 ${tested.interval}에 0이 들어 있습니다, ${test(tested)}${shown(tested)}`,
  tooFew: ({ p, prompts }) =>
    `; 프롬프트 ${grouped(prompts)}개로는 아무것도 입증할 수 없습니다, 유의확률 ${p}`,
  tooFewChanged: (tested) => `; 바뀐 프롬프트가 너무 적어 입증할 수 없습니다, ${test(tested)}`,
  amongMany: (tested) =>
    `; 이만큼 많은 지표 가운데서는 증거가 되지 못합니다, ${test(tested)}${shown(tested)}`,
  judge: (name, says, moved) =>
    ({
      agrees: `보상에 쓰이지 않는 판정기 "${name}"의 판정도 같습니다 (${measured(moved)}).`,
      contradicts: `보상에 쓰이지 않는 판정기 "${name}"의 판정은 이와 다릅니다 (${measured(moved)}).`,
      'cannot tell': `보상에 쓰이지 않는 판정기 "${name}"의 판정은 너무 적어 어느 쪽이라고 말할 수 없습니다 (${measured(moved)}).`,
    })[says],
  noJudge: '두 번째 판정기는 두지 않았습니다.',
  lost: (name, by, relative, p) => `${name} 역시 ${by} 감소했습니다 (${relative}, ${p}).`,
  lab: {
    title: '실습 노트북 방식의 수치',
    mean: '평균',
    std: '표준편차',
    improvement: '개선율',
    sign: '0보다 크면 독성이 줄어든 것입니다. 노트북은 부호를 반대로 출력합니다',
  },
};
