/** What an officer and somebody on a tag meet for. */
export const appointmentKinds = ['fit a tag', 'check a tag', 'take a tag off', 'attend', 'other'] as const;
export type AppointmentKind = (typeof appointmentKinds)[number];

/** What became of one, as somebody said it. */
export const appointmentOutcomes = ['kept', 'missed', 'missed with good reason', 'called off'] as const;
export type AppointmentState = 'planned' | (typeof appointmentOutcomes)[number];

export interface Appointment {
  id: number;
  kind: AppointmentKind;
  startsAt: Date;
  endsAt: Date;
  place: string;
  state: AppointmentState;
  /** What was said when it was settled. */
  said: string;
  officer: string;
}

export const appointmentColumns = [
  'a.id',
  'a.kind',
  'a.starts_at as startsAt',
  'a.ends_at as endsAt',
  'a.place',
  'a.state',
  'a.said',
  'a.officer_name as officer',
] as const;
