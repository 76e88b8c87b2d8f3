import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { type Colleague, colleaguesOf } from './keep-case.ts';
import { mustBeSeen } from './somebody-sees.ts';

export interface TeamView {
  id: number;
  name: string;
  /** Others do not see its people at all. */
  isClosed: boolean;
  members: Colleague[];
}

export const listTeams: Action<null, null, { teams: TeamView[]; colleagues: Colleague[] }> = {
  name: 'team.list',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note }) {
    const { rows } = await sql<TeamView>`
      SELECT t.id, t.name, t.is_closed AS "isClosed", coalesce(json_agg(json_build_object('actor', m.actor, 'name', m.name) ORDER BY m.name)
        FILTER (WHERE m.actor IS NOT NULL), '[]') AS members
      FROM supervision.teams t LEFT JOIN supervision.team_members m ON m.team_id = t.id GROUP BY t.id ORDER BY t.name`.execute(tx);
    note(null, { shown: rows.length });
    return { teams: rows, colleagues: await colleaguesOf(tx) };
  },
};

export const addTeam: Action<null, { name: string; isClosed: boolean }, { id: number }> = {
  name: 'team.keep',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note, tell }, _services, { name: given, isClosed }) {
    const name = given.trim();
    if (name.length < 2 || name.length > 100) throw new InvalidError('Enter the name of the team or area, 2 to 100 characters.', 'name');
    const row = await tx
      .insertInto('supervision.teams')
      .values({ name, is_closed: isClosed })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new InvalidError(`There is a team “${name}” already. Choose another name.`, 'name');
    note({ kind: 'team', id: row.id }, { isClosed });
    tell('supervision.cases');
    return row;
  },
};

/** Opens a team's people to other officers, or closes them. */
export const closeTeam: Action<null, { id: number; isClosed: boolean }, null> = {
  name: 'team.keep',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note, tell }, _services, { id, isClosed }) {
    note({ kind: 'team', id }, { isClosed });
    const row = await tx
      .updateTable('supervision.teams')
      .set({ is_closed: isClosed })
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such team.');
    await mustBeSeen(tx, { team: id }, 'team');
    tell('supervision.cases');
    return null;
  },
};

export const joinTeam: Action<null, { id: number; member: string; leaves: boolean }, null> = {
  name: 'team.keep',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note, tell }, _services, { id, member, leaves }) {
    note({ kind: 'team', id }, { member, leaves });
    const team = await tx.selectFrom('supervision.teams').select('id').where('id', '=', id).executeTakeFirst();
    if (!team) throw new NotFoundError('There is no such team.');
    if (leaves) {
      await tx.deleteFrom('supervision.team_members').where('team_id', '=', id).where('actor', '=', member).execute();
      await mustBeSeen(tx, { team: id }, 'member');
    } else {
      const colleague = (await colleaguesOf(tx)).find(({ actor }) => actor === member);
      if (!colleague) throw new InvalidError('Choose an officer of the list. They are on it once they have signed in.', 'member');
      await tx
        .insertInto('supervision.team_members')
        .values({ team_id: id, ...colleague })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
    tell('supervision.cases');
    return null;
  },
};
