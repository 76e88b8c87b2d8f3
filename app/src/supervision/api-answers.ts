import type { Features, OutputOf } from '../platform/api-answer.ts';
import type { listAlerts, mapAlerts, readAlert } from './alerts/read-alerts.ts';
import type { importSubjects } from './bulk/import-subjects.ts';
import type { readSubjectVersion } from './bulk/subject-versions.ts';
import type { listCaseload } from './caseload/read-caseload.ts';
import type { readCompliance } from './compliance/read-compliance.ts';
import type { importCrimes } from './crimes/import-crimes.ts';
import type { CrimeListRow } from './crimes/store.ts';
import type { readTrack } from './days/read-track.ts';
import type { listQuarantine } from './fixes/quarantine.ts';
import type { findPlaces } from './places/find-places.ts';
import type { readCrime, readEvidence } from './review/read-crime.ts';
import type { reviewVerdict } from './review/review-verdict.ts';
import type { readSubject } from './subjects/page/read-subject.ts';
import type { listSubjects } from './subjects/subjects.ts';
import type { streamVerdicts } from './verdicts/read-verdicts.ts';
import type { zoneFeature } from './zones/read-zones.ts';

/** What was done with what a tag or a gateway sent; given when all of it is on disk. */
export interface Receipt {
  /** Number of the durable receipt. */
  receipt: number;
  accepted: number;
  /** Same tag, time and place as a fix that is stored already. */
  duplicates: number;
  /** Duplicates that brought events that were not known: these are kept and looked at. */
  eventsAdded: number;
  /** Accepted fixes at another place than is known of the same tag and time: neither is relied on. */
  conflicting: number;
  /** Kept apart with a reason; nobody's position until released. */
  quarantined: number;
  /** Events, fields and values that mean nothing here, and how often each stood in the request. */
  notUnderstood: { what: string; count: number }[];
}

type Zone = ReturnType<typeof zoneFeature>;

/** What the API of supervision answers, by operation. */
export interface SupervisionAnswers {
  sendFixes: Receipt;
  sendOwnTracks: object[];
  sendTraccar: Receipt;
  listCrimes: { total: number; crimes: CrimeListRow[] };
  importCrimes: Awaited<ReturnType<typeof importCrimes>>;
  readCrime: OutputOf<typeof readCrime>;
  readVerdict: OutputOf<typeof readEvidence>;
  reviewVerdict: OutputOf<typeof reviewVerdict>;
  listVerdicts: ReturnType<typeof streamVerdicts> extends AsyncGenerator<infer Batch> ? Batch : never;
  listSubjects: { total: number; subjects: OutputOf<typeof listSubjects>['rows'] };
  readSubject: OutputOf<typeof readSubject>;
  putSubjects: Awaited<ReturnType<typeof importSubjects>>;
  importSubjects: Awaited<ReturnType<typeof importSubjects>>;
  readSubjectVersion: OutputOf<typeof readSubjectVersion>;
  listQuarantine: OutputOf<typeof listQuarantine>;
  listAlerts: { total: number; alerts: OutputOf<typeof listAlerts>['rows'] };
  mapAlerts: { type: 'FeatureCollection'; features: OutputOf<typeof mapAlerts>['features'] };
  readAlert: Omit<OutputOf<typeof readAlert>, 'around'>;
  listSubjectZones: { type: 'FeatureCollection'; features: Zone[] };
  listSharedZones: { type: 'FeatureCollection'; features: Zone[] };
  findPlaces: OutputOf<typeof findPlaces>;
  listCaseload: { total: number; counts: OutputOf<typeof listCaseload>['counts']; cases: OutputOf<typeof listCaseload>['rows'] };
  readTrackDay: Features<{ at: string; receivedAt: string; accuracyM: number | null }>;
  readTrack: OutputOf<typeof readTrack>;
  readCompliance: OutputOf<typeof readCompliance>;
}
