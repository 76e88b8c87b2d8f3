export { calendarOf } from './calendar.ts';
export { makeAppointment } from './keep-diary.ts';
export { missedDays, nothingAgreedSince, readOwnAppointments } from './read-diary.ts';
