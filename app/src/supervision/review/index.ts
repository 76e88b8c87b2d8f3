export { drawDistance, shownAround } from './draw-distance.ts';
export { evidencePage, Pair, revealIfMadeUp } from './evidence-page.ts';
export { caveats } from './export-verdicts.ts';
export { askForReviewTest, endReviewTests, makeReviewTest } from './make-review-test.ts';
export { overseeReviews, readingTakesS } from './oversee-reviews.ts';
export { type CrimePage, type CrimeVerdict, crimeOf, type ReadCrimeServices, readCrime, refuseMadeUp } from './read-crime.ts';
