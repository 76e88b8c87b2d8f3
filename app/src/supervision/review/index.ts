export { drawDistance, shownAround } from './draw-distance.ts';
export { evidencePage, mapDataOf, Pair, revealIfMadeUp, windowOf } from './evidence-page.ts';
export { caveats } from './export-verdicts.ts';
export { inAnyOrder } from './in-any-order.ts';
export { askForReviewTest, endReviewTests, makeReviewTest } from './make-review-test.ts';
export { overseeReviews, readingTakesS } from './oversee-reviews.ts';
export {
  type CrimePage,
  type CrimeVerdict,
  crimeOf,
  type Evidence,
  type ReadCrimeServices,
  readCrime,
  readEvidence,
  refuseMadeUp,
} from './read-crime.ts';
export { type NotedReview, noteReviews, reviewVerdict, shortestReason } from './review-verdict.ts';
export { shownByCrime, shownVerdicts } from './shown-verdicts.ts';
