import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agencyNames, writeAgencies } from '@waymark/town';
import type { Actor } from '../platform/access.ts';
import { todayOf } from '../platform/days.ts';
import {
  computeProfiles,
  declareAgreement,
  declareService,
  importRecords,
  linkRecords,
  mappingOfName,
  proposeAllocation,
  sharedFields,
} from '../support/index.ts';
import type { Waymark } from '../waymark.ts';

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

/** What the town can offer: name, kind, provider, places, ages, and the share of each need that it is expected to meet. */
const townServices: [string, string, string, number, number, number, Record<string, number>][] = [
  ['Back to class', 'educational support', 'Tarnbridge Learning Trust', 8, 7, 16, { exclusion: 0.5, attainment: 0.4 }],
  ['Reading partners', 'educational support', 'Tarnbridge Library', 10, 5, 12, { attainment: 0.3 }],
  ['Family hub', 'family support', 'Tarnbridge Council', 12, 0, 18, { family: 0.4, 'parent offending': 0.3 }],
  ['Children of prisoners group', 'family support', 'Open Door', 6, 4, 17, { 'parent offending': 0.6 }],
  ['Clear', 'substance treatment', 'Tarn Valley Health', 6, 12, 25, { substances: 0.6 }],
  ['Foyer', 'accommodation', 'Tarnbridge Housing', 4, 16, 25, { homelessness: 0.8, unemployment: 0.2 }],
  ['Keep your home', 'accommodation', 'Tarnbridge Housing', 8, 0, 25, { homelessness: 0.5 }],
  ['First job', 'employment', 'Tarnbridge Works', 8, 16, 25, { unemployment: 0.5 }],
  ['Walk beside', 'mentoring', 'Tarnbridge Volunteers', 10, 8, 25, { exclusion: 0.2, family: 0.2, substances: 0.2 }],
];

/** Brings in the files of the fictional town's five agencies: part of the records link by themselves, part wait for review. */
export async function fillWithAgencies(waymark: Waymark, say: (text: string) => void): Promise<void> {
  const { performer } = waymark;
  const today = todayOf(waymark);
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
        today,
      });
    }
    for (const { agency, file, mapping } of files) {
      const own = mappingOfName(mapping);
      if (own)
        await importRecords(performer, system('record-linkage'), { path: file, source: agency, mapping: own, timeZone: waymark.timeZone });
    }
    const linked = await linkRecords(performer, system('record-linkage'));
    await computeProfiles(performer, system('support'), waymark);
    for (const [name, kind, provider, places, ageFrom, ageTo, serves] of townServices)
      await performer.perform(system('support'), declareService, null, {
        name,
        kind,
        provider,
        places,
        ageFrom,
        ageTo,
        area: null,
        serves,
      });
    await proposeAllocation(performer, system('support'), waymark);
    say(`${linked.records} records of five agencies about ${linked.persons} people, ${linked.review} pairs to review`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
