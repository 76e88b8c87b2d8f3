import { type Action, InvalidError } from '../../platform/action.ts';
import { isDay } from '../../platform/days.ts';
import { characteristics, checkFields, factKindKeys, identityKeys } from '../facts/index.ts';
import type {} from '../schema/tables.ts';

/** Every field that an agreement can allow. */
export const sharedFields: readonly string[] = [
  ...identityKeys,
  ...factKindKeys,
  ...Object.keys(checkFields),
  ...Object.keys(characteristics),
];

export const lawfulBases = ['public task', 'legal obligation', 'vital interests', 'consent'] as const;

/** A source and the agreement under which it works. Days as `YYYY-MM-DD`, both included. */
export interface NewAgreement {
  source: string;
  agency: string;
  title: string;
  purpose: string;
  lawfulBasis: string;
  fields: string[];
  startsOn: string;
  endsOn: string;
  retentionMonths: number;
  /** `YYYY-MM-DD` where the agencies are. */
  today: string;
}

/** Puts an agreement on the register; its source is made if there is none of the name. One that is in force ends when this one is. */
export const declareAgreement: Action<null, NewAgreement, { agreementId: number; sourceId: number }> = {
  name: 'agreement.declare',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, actor, note }, _services, given) {
    const fault = faultOf(given);
    if (fault) throw fault;
    const known = await tx.selectFrom('support.sources').select('id').where('name', '=', given.source.trim()).executeTakeFirst();
    const source =
      known ??
      (await tx
        .insertInto('support.sources')
        .values({ name: given.source.trim(), agency: given.agency.trim() })
        .returning('id')
        .executeTakeFirstOrThrow());
    // One that begins later leaves the one in force alone until then: of two in force the newer counts.
    if (given.startsOn <= given.today) {
      await tx
        .updateTable('support.agreements')
        .set({ ended_at: new Date() })
        .where('source_id', '=', source.id)
        .where('ended_at', 'is', null)
        // One that begins later stands: it takes this one's place when its day comes.
        .where('starts_on', '<=', given.today)
        .execute();
    }
    const { id } = await tx
      .insertInto('support.agreements')
      .values({
        source_id: source.id,
        title: given.title.trim(),
        purpose: given.purpose.trim(),
        lawful_basis: given.lawfulBasis,
        fields: JSON.stringify([...new Set(given.fields)]),
        starts_on: given.startsOn,
        ends_on: given.endsOn,
        retention_months: given.retentionMonths,
        by_name: actor.name,
        ended_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'agreement', id }, { source: source.id, fields: given.fields.length });
    return { agreementId: id, sourceId: source.id };
  },
};

function faultOf({
  source,
  agency,
  title,
  purpose,
  lawfulBasis,
  fields,
  startsOn,
  endsOn,
  retentionMonths,
}: NewAgreement): InvalidError | null {
  if (!source.trim()) return new InvalidError('Give the source a name, such as “Tarnbridge schools”.', 'source');
  if (!agency.trim()) return new InvalidError('Say which agency sends the records.', 'agency');
  if (!title.trim()) return new InvalidError('Give the title of the agreement.', 'title');
  if (purpose.trim().length < 10) return new InvalidError('Say in a sentence what the records are shared for.', 'purpose');
  if (!(lawfulBases as readonly string[]).includes(lawfulBasis))
    return new InvalidError(`Choose the lawful basis: ${lawfulBases.join(', ')}.`, 'lawfulBasis');
  const unknown = fields.filter((field) => !sharedFields.includes(field));
  if (unknown.length > 0) return new InvalidError(`No such field: ${unknown.join(', ')}.`, 'fields');
  if (fields.length === 0) return new InvalidError('Choose the fields that may be shared.', 'fields');
  if (!isDay(startsOn)) return new InvalidError('Give the day from which it holds.', 'startsOn');
  if (!isDay(endsOn) || endsOn < startsOn)
    return new InvalidError('Give the day on which it ends, after the one on which it begins.', 'endsOn');
  if (!Number.isInteger(retentionMonths) || retentionMonths < 1 || retentionMonths > 300)
    return new InvalidError('Say for how many months records are kept, from 1 to 300.', 'retentionMonths');
  return null;
}
