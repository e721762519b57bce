/** tactful's public API: everything else may change without notice. */

export {
  type Adapter,
  type LoraConfig,
  readAdapter,
  readValueHead,
  writeAdapter,
  writeValueHead,
} from './adapter/peft.ts';
export type * from './comparison.ts';
export { trainingBatches } from './data/batches.ts';
export type { CollectOptions } from './data/collect.ts';
export {
  type DialogueSettings,
  type DialogueSizes,
  type Dialogues,
  readDialogues,
} from './data/dialogues.ts';
export type { Example, ExampleColumns } from './data/examples.ts';
export type { PartOptions } from './data/files.ts';
export { filterByLength, splitExamples } from './data/prepare.ts';
export { buildPrompt, type PromptMaker, type PromptRow } from './data/prompt.ts';
export { type ReadOptions, readExamples } from './data/read.ts';
export { type DoctorContext, type DoctorEvent, doctor } from './doctor/doctor.ts';
export type { Finding } from './doctor/finding.ts';
export {
  ConfigError,
  InputError,
  NumericError,
  ShapeError,
  TactfulError,
  UnavailableError,
} from './errors.ts';
export { compareSamples } from './eval/compare.ts';
export { guardMetrics } from './eval/diversity.ts';
export { evaluate, type Prompt } from './eval/evaluate.ts';
export { rouge } from './eval/rouge.ts';
export type * from './events.ts';
export type { ExportDType } from './export/dtypes.ts';
export {
  type FolderOptions,
  type MergeOptions,
  mergeToFolder,
  type WrittenFiles,
} from './export/merged-folder.ts';
export { type ExportOptions, exportToFolder } from './export/onnx-folder.ts';
export { type PushOptions, pushFolder } from './export/push.ts';
export type { WeightDType } from './export/range.ts';
export type { BertConfig } from './family/bert.ts';
export { readModelConfig } from './family/config.ts';
export type { DistilBertConfig } from './family/distilbert.ts';
export type { ClassifierConfig } from './family/families.ts';
export { writeModelFolder } from './family/model-folder.ts';
export type { ModernBertConfig } from './family/modernbert.ts';
export type { RobertaConfig } from './family/roberta.ts';
export type { T5Config } from './family/t5/config.ts';
export { loadTokenizer, type Tokenizer } from './family/tokenizer.ts';
export { openWeights } from './family/weights.ts';
export {
  type DownloadProgress,
  type LocateOptions,
  locateAdapter,
  locateData,
  locateModel,
} from './hub/locate.ts';
export { type Located, locateSources, type Named } from './hub/sources.ts';
export type { ClassifyFacts, ClassifyMeasures } from './jobs/classify-measures.ts';
export {
  type Checkpoint,
  type CheckpointRecord,
  type Checkpoints,
  type Latest,
  openCheckpoints,
} from './jobs/detox/checkpoint.ts';
export { resolvedConfig } from './jobs/detox/config.ts';
export { type RewardModule, rougeReward } from './jobs/detox/reward.ts';
export type { JobContext } from './jobs/kind.ts';
export {
  type ClassifyEvent,
  detox,
  type SftEvent,
  sft,
  trainClassifier,
} from './jobs/library.ts';
export { type PresetName, presetSettings, presets } from './jobs/presets.ts';
export type { SftFacts, SftMeasures } from './jobs/sft-measures.ts';
export {
  type MetricName,
  type MetricTree,
  nestMetrics,
  type TrlArray,
  type TrlScalar,
  type TrlStat,
  trlArrays,
  trlScalars,
  trlStats,
} from './metrics.ts';
export { type Sequence, sequenceOf } from './model/batch.ts';
export { Classifier } from './model/classifier.ts';
export { countParameters } from './model/count.ts';
export type { Generation } from './model/decoding.ts';
export {
  adapterTensors,
  freshClassifier,
  freshPolicy,
  type LoadPolicyOptions,
  loadClassifier,
  loadPolicy,
  type PolicyParts,
  valueHeadTensors,
} from './model/load.ts';
export { mergeAdapter } from './model/merge.ts';
export type { Parameters } from './model/parameters.ts';
export { Policy, type TokenScores } from './model/policy.ts';
export { probabilities } from './model/softmax.ts';
export {
  classifierLearner,
  type Learner,
  policyLearner,
  type TrainingStep,
  trainSupervised,
} from './model/supervised.ts';
export { workOf } from './model/work.ts';
export { type Draw, randomStream, uniform } from './random.ts';
export type { StepArrays } from './rl/arrays.ts';
export type { RlParts, SeenStep } from './rl/collect.ts';
export { gae } from './rl/gae.ts';
export { classifierJudge, classifierReward, type Judge } from './rl/judge.ts';
export { type LearnerParts, RlLearner, type RlStep } from './rl/learner.ts';
export type { LearnerNumbers, LearnerState } from './rl/learner-state.ts';
export { baseParameters } from './rl/reference.ts';
export {
  type Reward,
  type Scores,
  type ScoresWithMetrics,
  scoreRollouts,
  type WeightedReward,
  weightedRewards,
} from './rl/reward.ts';
export { collectRollouts, type Query, type Rollout } from './rl/rollout.ts';
export { type RlSample, rlSample } from './rl/sample.ts';
export { trainRl } from './rl/trainer.ts';
export { corrections, type Semantics, semanticsOf } from './rl/trl/corrections.ts';
export { placesOf } from './rl/trl/places.ts';
export type { RolloutRow, RolloutTokens } from './rollouts.ts';
export type { Engine } from './runtime/engine.ts';
export type { EngineOptions } from './runtime/engines.ts';
export type { Work } from './runtime/record.ts';
export { startEngine } from './runtime/select.ts';
export type { Device, EngineTraits, Precision } from './runtime/traits.ts';
export {
  ClassifyConfig,
  DetoxConfig,
  GenerationConfig,
  RlConfig,
  type Settings,
  SftConfig,
  SupervisedConfig,
} from './settings/typed.ts';
export { keptSteps, readQueries, readRollouts } from './store/rollouts.ts';
export type { Tensor, Tensors } from './tensor.ts';
export type { Weights } from './tensors/weights.ts';
