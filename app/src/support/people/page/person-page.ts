import type { FastifyReply, FastifyRequest } from 'fastify';
import { dayIn } from '../../../platform/days.ts';
import { actorOf } from '../../../web/actor-of.ts';
import { idIn, invalidIn } from '../../../web/form.ts';
import type { WebKit } from '../../../web/kit.ts';
import { factKinds } from '../../facts/index.ts';
import { needDecisions } from '../../finding/index.ts';
import { currentInstrument } from '../../needs/index.ts';
import { noteReaders } from '../../work/index.ts';
import { readPerson } from './read-people.ts';

interface PageFault {
  text: string;
  field: string | null;
  /** What had been typed, so that nobody types it twice. */
  draft: Record<string, unknown>;
}

export interface PersonPage {
  show(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
  /** Does what a form of the page asks for; what is wrong with it is said on that page. */
  change(request: FastifyRequest, reply: FastifyReply, done: string, work: (person: number) => Promise<unknown>): Promise<FastifyReply>;
}

/** The page of one person, on which several parts of support have their forms. */
export function personPage(web: WebKit): PersonPage {
  const { performer, timeZone } = web.waymark;
  const render = async (request: FastifyRequest, reply: FastifyReply, fault: PageFault | null) => {
    const id = idIn(request);
    const today = dayIn(timeZone);
    return web.page(request, reply, 'support/people/page/person.njk', {
      person: await performer.perform(actorOf(request), readPerson, null, { id, today }),
      instrument: currentInstrument(),
      factKinds,
      needDecisions,
      noteReaders,
      today,
      mayErase: web.waymark.access.decide(actorOf(request), 'erasure.decide', 'support', 'support').allowed,
      error: fault,
      draft: fault?.draft ?? {},
    });
  };
  return {
    show: (request, reply) => render(request, reply, null),
    change: async (request, reply, done, work) => {
      const id = idIn(request);
      try {
        await work(id);
      } catch (caught) {
        const error = invalidIn(caught);
        const draft = (request.body ?? {}) as Record<string, unknown>;
        return render(request, reply.code(400), { text: error.message, field: error.field, draft });
      }
      web.notice(request, done);
      return reply.redirect(`/people/${id}`);
    },
  };
}
