export { type CandidateOptions, Candidates, defaultBlockAtMost, LargeBlockError } from './blocking/candidates.ts';
export { countPairs, type RuleCount } from './blocking/count-pairs.ts';
export { type Clustering, type ClusterOptions, cluster, type ReviewItem, type WeightedPairs } from './cluster/cluster.ts';
export type { ApartRule, Constraints, Obstacle, TwinRule } from './cluster/constraints.ts';
export { carryIdentities, type Identities, type IdentityEvent } from './cluster/identities.ts';
export { rulesOf } from './cluster/rules-of-model.ts';
export type { CompareOptions } from './compare/comparator.ts';
export { Patterns } from './compare/patterns.ts';
export {
  calibration,
  type Recalibration,
  type ReliabilityBin,
  type ReviewedPair,
  recalibrate,
  recalibrated,
} from './evaluate/calibration.ts';
export { type ClusterAgreement, evaluateClusters } from './evaluate/clusters.ts';
export { evaluateByGroup } from './evaluate/groups.ts';
export { type MissedPair, missedPairs } from './evaluate/missed.ts';
export { type Agreement, evaluatePairs, type ThresholdAgreement, type Truth } from './evaluate/pairs.ts';
export {
  type Chart,
  convergenceChart,
  histogramChart,
  parametersChart,
  reliabilityChart,
  thresholdChart,
  waterfallChart,
  weightsChart,
} from './explain/charts.ts';
export type { ClusterStory } from './explain/story.ts';
export { signed, type Waterfall } from './explain/waterfall.ts';
export { type ColumnKind, fitRules, type Guess, guessModel, kindOfColumn, suggestRules } from './guess-model.ts';
export { Linker, type RowsOptions } from './linker.ts';
export { compareModels, type ModelDifference } from './model/compare-models.ts';
export {
  anyOf,
  type Composed,
  category,
  code,
  comparison,
  dateOfBirth,
  email,
  type FieldOptions,
  identifier,
  name,
  oneOf,
  phone,
  postcode,
  text,
} from './model/comparisons.ts';
export { block, composeModel, defaultLinkBits, defaultReviewBits } from './model/compose.ts';
export {
  type BlockingRule,
  type Comparison,
  type Condition,
  type Estimate,
  type Level,
  LinkageModel,
  ModelError,
  type Origin,
  type Part,
  readModel,
} from './model/model.ts';
export { type Roles, rolesOf } from './model/roles.ts';
export { type MatchFound, Population, type PopulationChange } from './population/population.ts';
export { type InputFile, InputFileError, InputFiles } from './records/read-files.ts';
export { RecordIdError, Records, type Row } from './records/records.ts';
export { type ScoredPairs, type ScoreOptions, scorePairs } from './score/score.ts';
export { probabilityOf, type WeightPart, Weights } from './score/weights.ts';
export { edits } from './similarity/edits.ts';
export { jaroWinkler } from './similarity/jaro-winkler.ts';
export { areNicknames } from './similarity/nicknames.ts';
export { isCalendarDate, standardDate } from './standardise/date.ts';
export { standardEmail } from './standardise/email.ts';
export type { Field } from './standardise/field.ts';
export { type IdentifierKind, identifierKinds, standardIdentifier, unproven } from './standardise/identifier.ts';
export { standardise } from './standardise/index.ts';
export { standardName } from './standardise/name.ts';
export { standardPhone } from './standardise/phone.ts';
export { standardPostcode } from './standardise/postcode.ts';
export { standardCode, standardText } from './standardise/text.ts';
export type { EmResult } from './train/expectation-maximisation.ts';
export { type TrainingReport, type TrainOptions, trainModel } from './train/train.ts';
export { carefulModel, linkingDoubts, trainingDoubts } from './train/trust.ts';
