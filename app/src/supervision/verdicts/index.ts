export { codeVersion, computeDueVerdicts, helpWithRuns } from './compute-verdicts.ts';
export { fixesAround, nearestBeyond } from './fixes-around.ts';
export type { Findings, PackInputs } from './inputs-and-findings.ts';
export { countsOthersAlone, isKnownModel } from './known-model.ts';
export type { VerdictServices } from './plan-run.ts';
export { currentRuns, readRun, repeatRun, selectVerdicts, streamVerdicts, type VerdictView, viewOf, wearerNames } from './read-verdicts.ts';
export type { RunsTogether } from './run-shares.ts';
export { byVerdict, VerdictStore } from './verdict-store.ts';
export { distanceOf, reckoningFingerprint, workOut } from './work-out.ts';
