/** The commands that run a supervised job, each with checkpoints of its own in the folder of its result. */
export const supervisedJobs = ['sft', 'train-classifier'] as const;
/** The commands that read config files. */
export const jobNames = ['detox', ...supervisedJobs] as const;
export type JobName = (typeof jobNames)[number];
