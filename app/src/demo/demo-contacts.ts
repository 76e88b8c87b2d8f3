import type { Actor } from '../platform/access.ts';
import { assignOrder, identifySubject, keepAddress, keepContact, listSubjects, readSubject } from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';

const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };

const relatives = ['mother', 'father', 'sister', 'brother', 'partner'];

/** Gives the town's wearers what an officer rings and where they live. The numbers are kept for made-up people and ring nowhere. */
export async function addContacts({ performer, fixes }: Waymark, streets: readonly string[]): Promise<void> {
  const everybody = { sort: 'reference' as const, descending: false, limit: 500, offset: 0 };
  const { rows } = await performer.perform(officer, listSubjects, null, everybody);
  const digits = (i: number) => String(i).padStart(3, '0');
  for (const [i, { id, name }] of rows.entries()) {
    const { orders } = await performer.perform(officer, readSubject, { fixes }, { id });
    const fromOn = (orders[0]?.starts_at ?? new Date()).toISOString().slice(0, 10);
    const own = {
      subjectId: id,
      who: 'self',
      name,
      phone: `07700 900${digits(i)}`,
      contactNote: i % 9 === 4 ? 'texts rather than calls' : '',
    };
    await performer.perform(officer, keepContact, null, own);
    if (i % 3 === 0) {
      const relative = relatives[i % relatives.length] as string;
      const family = { subjectId: id, who: 'family', name: `Their ${relative}`, phone: `07700 900${digits(500 + i)}`, contactNote: '' };
      await performer.perform(officer, keepContact, null, family);
    }
    const address = `${1 + ((i * 7) % 60)} ${streets[(i * 11) % streets.length]}, Tarnbridge`;
    await performer.perform(officer, keepAddress, null, { subjectId: id, kind: 'home', address, fromOn });
    for (const { id: orderId } of orders)
      await performer.perform(officer, assignOrder, null, {
        subjectId: id,
        orderId,
        officerName: 'Maya Okonjo',
        officerPhone: '020 7946 0000',
        team: 'Tarnbridge monitoring',
      });
    if (i % 5 === 0)
      await performer.perform(officer, identifySubject, null, {
        subjectId: id,
        name,
        bornOn: `${1985 + (i % 20)}-0${1 + (i % 9)}-1${i % 9}`,
        alsoKnownAs: '',
        pnc: '',
        crn: `X${String(300_000 + i)}`,
        noms: '',
        languages: i % 10 === 0 ? 'English, some Polish' : 'English',
        atTheDoor: i % 10 === 5 ? 'A dog that barks and does nothing.' : '',
      });
  }
}
