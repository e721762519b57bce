/** What the list of runs and the views of a run say. */

export const english = {
  time: 'Started',
  noRuns: 'There are no runs in this folder yet.',
  noSteps: 'No step has been made yet.',
  live: 'Curves',
  settings: 'Settings',
  setting: 'Setting',
  report: 'Report',
  left: 'Time left',
  memory: 'Memory',
} as const;

export const korean: Readonly<Record<keyof typeof english, string>> = {
  time: '시작 시각',
  noRuns: '이 폴더에는 아직 실행이 없습니다.',
  noSteps: '아직 진행된 단계가 없습니다.',
  live: '곡선',
  settings: '설정',
  setting: '설정 항목',
  report: '보고서',
  left: '남은 시간',
  memory: '메모리',
};
