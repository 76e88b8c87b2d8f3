import { randomBytes } from 'node:crypto';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { hashSecret } from '../fixes/index.ts';
import type {} from '../schema/tables.ts';
import { writeTagStep } from './tag-life.ts';

export const declareTag: Action<null, { serial: string; model: string }, { id: number }> = {
  name: 'tag.declare',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note, tell }, _services, input) {
    const serial = input.serial.trim();
    if (!/^[^\s].{0,98}[^\s]$|^\S$/.test(serial))
      throw new InvalidError('Enter the serial number of the tag, up to 100 characters.', 'serial');
    const taken = await tx.selectFrom('supervision.tags').select('id').where('serial', '=', serial).executeTakeFirst();
    if (taken) throw new InvalidError(`A tag with the serial number ${serial} is registered already.`, 'serial');
    const row = await tx
      .insertInto('supervision.tags')
      .values({ serial, model: input.model.trim().slice(0, 100), credential_hash: null })
      .returning('id')
      .executeTakeFirstOrThrow();
    await writeTagStep(tx, { tagId: row.id, step: 'registered', by: actor.name });
    tell('supervision.senders');
    note({ kind: 'tag', id: row.id });
    return row;
  },
};

/** A new secret of 256 bits, shown once. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Gives a tag a new secret; the one before stops working. */
export const issueTagCredential: Action<null, { serial: string }, { secret: string }> = {
  name: 'tag.credential',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note, tell }, _services, { serial }) {
    const secret = newSecret();
    const row = await tx
      .updateTable('supervision.tags')
      .set({ credential_hash: hashSecret(secret).toString('hex') })
      .where('serial', '=', serial.trim())
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new NotFoundError(`No tag with the serial number ${serial} is registered.`);
    tell('supervision.senders');
    note({ kind: 'tag', id: row.id });
    return { secret };
  },
};

export interface GatewayRow {
  id: number;
  name: string;
  created_at: Date;
  revoked_at: Date | null;
}

export const listGateways: Action<null, null, GatewayRow[]> = {
  name: 'gateway.list',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx }) {
    return tx.selectFrom('supervision.gateways').select(['id', 'name', 'created_at', 'revoked_at']).orderBy('name').execute();
  },
};

/** A gateway sends for any tag: a vendor's platform, or Traccar in front of many kinds of tracker. */
export const declareGateway: Action<null, { name: string }, { secret: string }> = {
  name: 'gateway.declare',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note, tell }, _services, input) {
    const name = input.name.trim();
    if (name.length < 2 || name.length > 60) throw new InvalidError('Enter a name of 2 to 60 characters.', 'name');
    const taken = await tx.selectFrom('supervision.gateways').select('id').where('name', '=', name).executeTakeFirst();
    if (taken) throw new InvalidError(`There is a gateway called ${name} already.`, 'name');
    const secret = newSecret();
    const row = await tx
      .insertInto('supervision.gateways')
      .values({ name, credential_hash: hashSecret(secret).toString('hex'), revoked_at: null })
      .returning('id')
      .executeTakeFirstOrThrow();
    tell('supervision.senders');
    note({ kind: 'gateway', id: row.id });
    return { secret };
  },
};

export const revokeGateway: Action<null, { id: number }, null> = {
  name: 'gateway.revoke',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note, tell }, _services, { id }) {
    tell('supervision.senders');
    note({ kind: 'gateway', id });
    const row = await tx
      .updateTable('supervision.gateways')
      .set({ revoked_at: new Date() })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such gateway, or it has ended already.');
    return null;
  },
};
