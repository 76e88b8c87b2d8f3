import { type Action, InvalidError } from '../../platform/action.ts';

/** At the end of a shift: everything that the actor has in hand goes to a colleague, with a note. */
export const handOver: Action<null, { to: string; note: string; id?: number }, { count: number; to: string }> = {
  name: 'alert.hand-over',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note: audit }, _services, { to, note, id }) {
    const name = to.trim();
    if (name.length < 2 || name.length > 100) throw new InvalidError('Enter the name of the colleague who takes over.', 'to');
    if (name === actor.name) throw new InvalidError('Choose somebody else: these are yours already.', 'to');
    const known = await tx.selectFrom('supervision.alert_steps').select('id').where('by_name', '=', name).limit(1).executeTakeFirst();
    if (!known)
      throw new InvalidError(
        `Nobody called ${name} has worked with alerts here. Check the spelling, or let them take each alert over themselves.`,
        'to',
      );
    let query = tx
      .updateTable('supervision.alerts')
      .set({ assigned_to: name })
      .where('state', '=', 'in hand')
      .where('assigned_to', '=', actor.name);
    if (id !== undefined) query = query.where('id', '=', id);
    const handed = await query.returning('id').execute();
    if (handed.length === 0) throw new InvalidError('You have nothing in hand that could be handed over.', 'to');
    await tx
      .insertInto('supervision.alert_steps')
      .values(
        handed.map((alert) => ({
          alert_id: alert.id,
          step: 'handed over' as const,
          outcome: null,
          note: `To ${name}. ${note.trim()}`.trim().slice(0, 1000),
          by_actor: actor.id,
          by_name: actor.name,
        })),
      )
      .execute();
    audit(null, { alerts: handed.map((alert) => alert.id) });
    return { count: handed.length, to: name };
  },
};
