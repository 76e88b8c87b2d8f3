export { chooseReminders, confirmReminders, readOwnReminders, stopReminders } from './choose.ts';
export { planReminders } from './plan.ts';
export { reminderChannels, reminderKinds, type Speak } from './reminder.ts';
export { ReminderSender } from './reminder-sender.ts';
