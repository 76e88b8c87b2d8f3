import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agencyNames, writeAgencies } from '@waymark/town';
import type { Actor } from './platform/access.ts';
import { computeProfiles, declareAgreement, importRecords, linkRecords, mappingOfName, sharedFields } from './support/index.ts';
import type { Waymark } from './waymark.ts';

/** Enough people to look around among, few enough to be ready in seconds. */
const demo = { seed: 19, people: 900 };

const system = (purpose: Actor['purpose']): Actor => ({ id: 'system', name: 'Waymark', role: 'system', purpose });

const titles = {
  school: 'Tarnbridge schools: attendance and attainment',
  'social care': 'Children’s social care: early help',
  housing: 'Housing office: tenancies at risk',
  health: 'Health: screening and registration',
  'youth offending': 'Youth offending team: assessments',
} as const;

/** Brings in the files of the fictional town's five agencies: part of the records link by themselves, part wait for review. */
export async function fillWithAgencies(waymark: Waymark, say: (text: string) => void): Promise<void> {
  const { performer } = waymark;
  const today = new Date().toISOString().slice(0, 10);
  const folder = await mkdtemp(join(tmpdir(), 'waymark-agencies-'));
  try {
    const { files } = await writeAgencies(folder, { ...demo, today });
    for (const agency of agencyNames) {
      await performer.perform(system('record-linkage'), declareAgreement, null, {
        source: agency,
        agency: titles[agency].split(':')[0] as string,
        title: titles[agency],
        purpose: 'To see early who may need help, and to offer it',
        lawfulBasis: 'public task',
        // The youth offending team shares no e-mail addresses, so that the demonstration shows something dropped at the door.
        fields: sharedFields.filter((field) => agency !== 'youth offending' || field !== 'email'),
        startsOn: `${Number(today.slice(0, 4)) - 1}-04-01`,
        endsOn: `${Number(today.slice(0, 4)) + 1}-03-31`,
        retentionMonths: 36,
      });
    }
    for (const { agency, file, mapping } of files) {
      const own = mappingOfName(mapping);
      if (own) await importRecords(performer, system('record-linkage'), { path: file, source: agency, mapping: own });
    }
    const linked = await linkRecords(performer, system('record-linkage'));
    await computeProfiles(performer, system('support'));
    say(`${linked.records} records of five agencies about ${linked.persons} people, ${linked.review} pairs to review`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
