import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Action, InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { type Form, Id, idIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { assignCase, holdCase, letCaseGo, parts, readCase } from '../case-access/index.ts';
import { openSubject, type SubjectHead } from '../subjects/index.ts';
import { addressKinds, contactKinds, endContact, keepAddress, keepContact } from './keep-contacts.ts';
import { assignOrder, identifySubject, knownBefore } from './keep-details.ts';
import { type Reach, readReach } from './read-reach.ts';

interface Details extends Reach {
  held: Awaited<ReturnType<typeof readCase>>;
  before: Awaited<ReturnType<typeof knownBefore>>;
  subject: SubjectHead;
}

const readDetails: Action<null, { id: number }, Details> = {
  name: 'subject.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, _services, { id }) {
    const { tx } = context;
    return {
      subject: await openSubject(context, id),
      ...(await readReach(tx, id)),
      held: await readCase(tx, id),
      before: await knownBefore(tx, id),
    };
  },
};

/** Two numbers in an address: a subject, and something of theirs. */
const Ids = Type.Object({
  id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
  of: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
});

/** Who a subject is and how to reach them: one page, and what is changed on it. */
export function contactRoutes(app: FastifyInstance, web: WebKit): void {
  const { performer } = web.waymark;
  const page = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null = null, form = '', draft: Form = {}) =>
    web.page(request, error ? reply.code(400) : reply, 'supervision/contacts/details.njk', {
      ...(await performer.perform(actorOf(request), readDetails, null, { id: idIn(request) })),
      contactKinds,
      addressKinds,
      caseParts: parts,
      error: error ? { text: error.message, field: error.field } : null,
      form,
      draft,
    });
  /** A form of the page: what it does, and what is said afterwards. */
  const takes = (
    path: string,
    action: string,
    schema: typeof Id | typeof Ids,
    said: string,
    work: (request: FastifyRequest) => Promise<unknown>,
  ) =>
    app.post(`/subjects/:id/${path}`, { config: { action }, schema: { params: schema } }, async (request, reply) => {
      const again = await orAgain(
        () => work(request),
        (error) => page(request, reply, error, path.split('/')[0], (request.body ?? {}) as Form),
      );
      if (again) return again;
      web.notice(request, said);
      return reply.redirect(`/subjects/${idIn(request)}/details`);
    });
  const ofIn = (request: FastifyRequest) => (request.params as { of: number }).of;
  app.get('/subjects/:id/details', { config: { action: 'subject.read' }, schema: { params: Id } }, (request, reply) =>
    page(request, reply),
  );
  takes('identity', 'subject.identify', Id, 'It is on record.', (request) => {
    const fields = ['name', 'bornOn', 'alsoKnownAs', 'pnc', 'crn', 'noms', 'languages', 'atTheDoor'] as const;
    const [name, bornOn, alsoKnownAs, pnc, crn, noms, languages, atTheDoor] = textsOf(request.body, ...fields);
    const identity = { name, bornOn, alsoKnownAs, pnc, crn, noms, languages, atTheDoor };
    return performer.perform(actorOf(request), identifySubject, null, { subjectId: idIn(request), ...identity });
  });
  takes('contacts', 'contact.keep', Id, 'The number is on record.', (request) => {
    const [who, name, phone, contactNote] = textsOf(request.body, 'who', 'contactName', 'phone', 'contactNote');
    return performer.perform(actorOf(request), keepContact, null, { subjectId: idIn(request), who, name, phone, contactNote });
  });
  takes('contacts/:of/end', 'contact.keep', Ids, 'The number is not rung any more.', (request) =>
    performer.perform(actorOf(request), endContact, null, { subjectId: idIn(request), id: ofIn(request) }),
  );
  takes('addresses', 'address.keep', Id, 'The address is on record.', (request) => {
    const [kind, address, fromOn] = textsOf(request.body, 'addressKind', 'address', 'fromOn');
    return performer.perform(actorOf(request), keepAddress, null, { subjectId: idIn(request), kind, address, fromOn });
  });
  takes('case', 'subject.assign', Id, 'It is on record, and holds from now on.', (request) => {
    const [team, isRestricted] = textsOf(request.body, 'team', 'isRestricted');
    return performer.perform(actorOf(request), assignCase, null, { subjectId: idIn(request), team, isRestricted: isRestricted !== '' });
  });
  takes('holders', 'subject.assign', Id, 'It is on record, and holds from now on.', (request) => {
    const [holder, part, toOn] = textsOf(request.body, 'holder', 'part', 'toOn');
    return performer.perform(actorOf(request), holdCase, null, { subjectId: idIn(request), holder, part, toOn });
  });
  takes('holders/end', 'subject.assign', Id, 'They do not hold this case any more.', (request) => {
    const [holder] = textsOf(request.body, 'holder');
    return performer.perform(actorOf(request), letCaseGo, null, { subjectId: idIn(request), holder });
  });
  takes('orders/:of/officer', 'order.assign', Ids, 'The responsible officer is on record.', (request) => {
    const [officerName, officerPhone, team] = textsOf(request.body, 'officerName', 'officerPhone', 'team');
    const order = { subjectId: idIn(request), orderId: ofIn(request), officerName, officerPhone, team };
    return performer.perform(actorOf(request), assignOrder, null, order);
  });
}
