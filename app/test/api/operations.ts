import type { StaffRole } from '../../src/platform/access.ts';
import { issueApiToken } from '../../src/platform/api-tokens.ts';
import { withPurpose } from '../../src/platform/database.ts';
import { todayOf } from '../../src/platform/days.ts';
import type { Serving } from '../../src/serve.ts';
import { issueTagCredential } from '../../src/supervision/index.ts';
import { decidePerson } from '../../src/support/finding/decide-person.ts';
import { recordNotice } from '../../src/support/offers/tell.ts';
import { listServices } from '../../src/support/services/services.ts';
import { worker } from '../actors.ts';

const administrator = { id: 'ad-1', name: 'Ines Duarte', role: 'administrator', purpose: 'administration' } as const;

export interface Described {
  paths: Record<
    string,
    Record<string, { operationId?: string; responses: Record<string, { content?: Record<string, { schema?: object }> }> }>
  >;
  components: { schemas: Record<string, object> };
}

interface Call {
  operation: string;
  role: StaffRole | 'tag';
  method?: string;
  /** With numbers that are there in the town. */
  path: string;
  body?: string;
  type?: string;
}

/** Every operation of the API, asked as a program would ask it of the fictional town. */
export async function callsOf(
  serving: Serving,
): Promise<{ calls: Call[]; headersFor(role: Call['role']): Promise<Record<string, string>> }> {
  const { performer } = serving.waymark;
  const headers = new Map<Call['role'], Record<string, string>>();
  const headersFor = async (role: Call['role']) => {
    const known = headers.get(role);
    if (known) return known;
    const made: Record<string, string> = {};
    if (role === 'tag') {
      const { secret } = await performer.perform(
        administrator,
        issueTagCredential,
        { intake: serving.waymark.intake },
        { serial: 'TB-00001' },
      );
      made.authorization = `Basic ${Buffer.from(`TB-00001:${secret}`).toString('base64')}`;
    } else {
      const { token } = await performer.perform(administrator, issueApiToken, null, { name: `A program for ${role}`, role });
      made.authorization = `Bearer ${token}`;
    }
    headers.set(role, made);
    return made;
  };
  const get = async (role: StaffRole, path: string) => (await fetch(serving.url + path, { headers: await headersFor(role) })).json();
  const { crimes } = (await get('crime-analyst', '/api/crimes?show=present')) as { crimes: { id: number }[] };
  const crime = (await get('crime-analyst', `/api/crimes/${crimes[0]?.id}`)) as { verdicts: { wearing: number }[] };
  const { alerts } = (await get('monitoring-officer', '/api/alerts')) as { alerts: { id: number }[] };
  const { rows: people } = (await get('support-worker', '/api/people')) as { rows: { person: number; age: number | null }[] };
  const offered = await offerTo(serving, people.find(({ age }) => (age ?? 0) >= 16) ?? { person: 0, age: null });
  const officer = (operation: string, path: string): Call => ({ operation, role: 'monitoring-officer', path });
  const analyst = (operation: string, path: string): Call => ({ operation, role: 'crime-analyst', path });
  const support = (operation: string, path: string): Call => ({ operation, role: 'support-worker', path });
  const at = new Date(Date.now() - 60_000).toISOString();
  const fix = JSON.stringify({ tag: 'TB-00001', at, lat: 53.09, lon: -1.83, accuracy: 8, events: ['nothing-known'] });
  const subjects = JSON.stringify({
    subjects: [
      { reference: 'EX-1', name: 'Ann Example', order_kind: 'community order', authority: 'Tarn Court', order_from: '2026-09-07 09:00' },
      { reference: 'EX-2', name: 'Bo Example', order_kind: 'no such order' },
    ],
  });
  const crimesFile =
    'reference,type,from,to,latitude,longitude,uncertainty_m,text\nEX-1,burglary,2026-11-01T10:00:00Z,2026-11-01T11:00:00Z,53.09,-1.83,30,\nEX-2,burglary,soon,,53.09,-1.83,30,\n';
  return {
    headersFor,
    calls: [
      { operation: 'sendFixes', role: 'tag', method: 'POST', path: '/ingest/waymark', body: fix, type: 'application/x-ndjson' },
      {
        operation: 'sendOwnTracks',
        role: 'tag',
        method: 'POST',
        path: '/ingest/owntracks',
        body: JSON.stringify({ _type: 'location', tst: Math.floor(Date.now() / 1000) - 30, lat: 53.09, lon: -1.83, acc: 8 }),
        type: 'application/json',
      },
      {
        operation: 'sendTraccar',
        role: 'tag',
        method: 'POST',
        path: '/ingest/traccar',
        body: JSON.stringify({
          device: { uniqueId: 'TB-00001' },
          position: { fixTime: at, latitude: 53.09, longitude: -1.83, accuracy: 8 },
        }),
        type: 'application/json',
      },
      { operation: 'importCrimes', role: 'crime-analyst', method: 'POST', path: '/api/crimes', body: crimesFile, type: 'text/csv' },
      {
        operation: 'putSubjects',
        role: 'monitoring-officer',
        method: 'PUT',
        path: '/api/subjects?dryRun=yes',
        body: subjects,
        type: 'application/json',
      },
      {
        operation: 'importSubjects',
        role: 'monitoring-officer',
        method: 'POST',
        path: '/api/subjects/import?dryRun=yes',
        body: 'reference,name,order_kind,authority,order_from\nEX-1,Ann Example,community order,Tarn Court,2026-09-07 09:00\n',
        type: 'text/csv',
      },
      analyst('listCrimes', '/api/crimes?show=present'),
      analyst('readCrime', `/api/crimes/${crimes[0]?.id}`),
      analyst('readVerdict', `/api/crimes/${crimes[0]?.id}/wearers/${crime.verdicts[0]?.wearing}`),
      analyst('listVerdicts', '/api/verdicts'),
      officer('listSubjects', '/api/subjects'),
      officer('readSubject', '/api/subjects/1'),
      officer('readSubjectVersion', '/api/subject-versions/F-TB-00001'),
      officer('readCompliance', '/api/subjects/1/compliance'),
      officer('listSubjectZones', '/api/subjects/1/zones.geojson'),
      officer('listSharedZones', '/api/zones.geojson'),
      officer('readTrackDay', '/api/subjects/1/track.geojson'),
      officer(
        'readTrack',
        `/api/wearings/1/track?from=${new Date(Date.now() - 3 * 86_400_000).toISOString()}&to=${new Date().toISOString()}`,
      ),
      officer('listQuarantine', '/api/quarantine'),
      officer('listAlerts', '/api/alerts'),
      officer('mapAlerts', '/api/alerts.geojson'),
      officer('readAlert', `/api/alerts/${alerts[0]?.id}`),
      officer('findPlaces', '/api/places?search=Mill'),
      officer('listCaseload', '/api/caseload'),
      { operation: 'listSources', role: 'data-steward', path: '/api/sources' },
      { operation: 'listReview', role: 'data-steward', path: '/api/review' },
      support('listPeople', '/api/people'),
      support('readPerson', `/api/people/${people[0]?.person}`),
      support('listChallenges', '/api/challenges'),
      support('listServices', '/api/services'),
      support('readAllocation', '/api/allocation'),
      support('findPeople', '/api/finding'),
      support('readDay', '/api/day'),
      support('readPackage', `/api/packages/${offered}`),
      { operation: 'readFairness', role: 'fairness-auditor', path: '/api/fairness' },
      { operation: 'listAudit', role: 'auditor', path: '/api/audit' },
    ],
  };
}

/** Offers somebody a place, for nobody in the town has been offered one yet; gives the number of the offer. */
async function offerTo({ waymark }: Serving, { person, age }: { person: number; age: number | null }): Promise<number> {
  const { performer, database } = waymark;
  const today = todayOf(waymark);
  await performer.perform(worker, recordNotice, null, { person, on: today, whom: 'the person', how: 'in person', today });
  const service = (await performer.perform(worker, listServices, null, null)).find(
    ({ ageFrom, ageTo }) => (age ?? 0) >= ageFrom && (age ?? 0) <= ageTo,
  );
  await performer.perform(worker, decidePerson, null, {
    person,
    decision: 'offer',
    service: service?.id ?? 0,
    on: '',
    reason: 'agreed with them',
    today,
  });
  const made = await withPurpose(database.db, 'support', 'support', (tx) =>
    tx.selectFrom('support.packages').select('id').orderBy('id', 'desc').executeTakeFirstOrThrow(),
  );
  return made.id;
}
