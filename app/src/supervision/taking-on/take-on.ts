import { type Action, InvalidError } from '../../platform/action.ts';
import { assignOrder, keepAddress, keepContact } from '../contacts/index.ts';
import { declareOrder, declareSubject, type NewOrder, type NewSubject } from '../subjects/index.ts';

/** Somebody new with all that is known on the first day; what is empty is added later. */
export interface NewCase extends NewSubject, Omit<NewOrder, 'subjectId'> {
  phone: string;
  address: string;
  officerName: string;
  officerPhone: string;
  /** The day from which the address holds, `YYYY-MM-DD`. */
  today: string;
}

/** Puts a subject on record with their order, whom to ring and where they live: all of it, or nothing. */
export const takeOn: Action<null, NewCase, { id: number }> = {
  name: 'subject.declare',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, services, { reference, name, phone, address, officerName, officerPhone, today, ...order }) {
    const { id: subjectId } = await declareSubject.run(context, services, { reference, name });
    const { id: orderId } = await declareOrder.run(context, services, { ...order, subjectId });
    if (phone.trim()) await keepContact.run(context, services, { subjectId, who: 'self', name: '', phone, contactNote: '' });
    if (address.trim()) await keepAddress.run(context, services, { subjectId, kind: 'home', address, fromOn: today });
    if (officerPhone.trim() || officerName.trim()) {
      if (!officerPhone.trim()) throw new InvalidError('Enter the number at which the person can ring the officer.', 'officerPhone');
      await assignOrder.run(context, services, { subjectId, orderId, officerName, officerPhone, team: '' });
    }
    return { id: subjectId };
  },
};
