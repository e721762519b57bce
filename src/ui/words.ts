/** What the page says, in English and in Korean. */

const english = {
  title: 'tactful: runs',
  runs: 'Runs',
  skip: 'Skip to content',
  run: 'Run',
  state: 'State',
  step: 'Step',
  time: 'Started',
  model: 'Model',
  reward: 'Reward',
  kl: 'KL',
  seed: 'Seed',
  running: 'running',
  finished: 'finished',
  stopped: 'stopped',
  broken: 'broken off',
  noRuns: 'There are no runs in this folder yet.',
  noSteps: 'No step has been made yet.',
  loading: 'Loading…',
  lost: 'The connection is lost; trying again.',
  live: 'Curves',
  settings: 'Settings',
  setting: 'Setting',
  value: 'Value',
  report: 'Report',
  left: 'Time left',
  memory: 'Memory',
  missing: 'There is no such page.',
  language: '한국어',
} as const;

export type Word = keyof typeof english;
export type Language = 'en' | 'ko';

const korean: Readonly<Record<Word, string>> = {
  title: 'tactful: 실행 목록',
  runs: '실행 목록',
  skip: '본문으로 건너뛰기',
  run: '실행',
  state: '상태',
  step: '단계',
  time: '시작 시각',
  model: '모델',
  reward: '보상',
  kl: 'KL',
  seed: '시드',
  running: '실행 중',
  finished: '완료',
  stopped: '중지됨',
  broken: '중단됨',
  noRuns: '이 폴더에는 아직 실행이 없습니다.',
  noSteps: '아직 진행된 단계가 없습니다.',
  loading: '불러오는 중…',
  lost: '연결이 끊겼습니다. 다시 시도하고 있습니다.',
  live: '곡선',
  settings: '설정',
  setting: '설정 항목',
  value: '값',
  report: '보고서',
  left: '남은 시간',
  memory: '메모리',
  missing: '그런 페이지가 없습니다.',
  language: 'English',
};

/** A word of the page in a language. */
export function wordIn(language: Language, word: Word): string {
  return (language === 'ko' ? korean : english)[word];
}
