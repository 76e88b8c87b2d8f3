import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { decisionsOn } from '../subjects/index.ts';
import { readCase } from './keep-case.ts';

/** A reason given holds for so long, ms: a shift, and not a standing permission. */
const holdsMs = 12 * 3_600_000;

/** Another officer's case, before it is opened: by its reference and whose it is, and no more. */
export const readOutside: Action<null, { id: number }, { id: number; reference: string; team: string | null; holders: string[] }> = {
  name: 'look-outside.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'subject', id }, { subject: id });
    const subject = await tx.selectFrom('supervision.subjects').select(['id', 'reference']).where('id', '=', id).executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    const { team, holders } = await readCase(tx, id);
    return { ...subject, team: team?.name ?? null, holders: holders.filter(({ part }) => part !== 'may see').map(({ name }) => name) };
  },
};

/** Says why an officer looks at another's case. The person and the auditor read it. */
export const explainLook: Action<null, { id: number; reason: string }, null> = {
  name: 'look-outside.explain',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { id, reason: said }) {
    note({ kind: 'subject', id }, { subject: id });
    const subject = await tx.selectFrom('supervision.subjects').select('id').where('id', '=', id).executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    const reason = said.trim();
    if (reason.length < 10 || reason.length > 500)
      throw new InvalidError('Say why in 10 to 500 characters, so that the person can understand it.', 'reason');
    const decision = (await decisionsOn({ tx, actor, access }, [id], { saying: true })).get(id);
    if (!decision?.allowed) throw new NotFoundError('There is no such subject.');
    await tx
      .insertInto('supervision.outside_looks')
      .values({ subject_id: id, actor: actor.id, name: actor.name, reason, until: new Date(Date.now() + holdsMs) })
      .execute();
    note(null, { reason });
    return null;
  },
};
