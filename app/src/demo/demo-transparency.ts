import { figuresOf, publishRecords, readRunningConfiguration } from '../oversight/transparency/index.ts';
import type { Actor } from '../platform/access.ts';
import { dayAfter, todayOf } from '../platform/days.ts';
import { overseeReviews } from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';

const auditor: Actor = { id: 'au-1', name: 'Aled Price', role: 'auditor', purpose: 'oversight' };

/** The fictional borough tells its public how it uses Waymark. */
export async function publishForTown(waymark: Waymark): Promise<void> {
  const { performer } = waymark;
  const today = todayOf(waymark);
  const inHalfAYear = dayAfter(today, 180);
  await performer.perform(auditor, publishRecords, null, {
    configuration: await readRunningConfiguration(waymark),
    figures: figuresOf(await performer.perform(auditor, overseeReviews, null, null)),
    today,
    statement: {
      organisation: 'Tarnbridge Borough, a made-up council',
      owner: 'Director of community safety',
      contact: 'privacy@tarnbridge.example',
      why: 'Officers compared crimes with tags by hand, which took days, and some people were arrested who had been elsewhere. Help for children came after things had gone wrong. Keeping to paper and buying two separate systems were looked at.',
      consulted:
        'Twelve people who had worn a tag, the youth council, and the staff of all five agencies. The letters were written anew after it, and people can now see their own page.',
      advice:
        'The data protection officer advised to keep the two halves apart in the database and not only on the page, and to publish this assessment. Both were done.',
      risks:
        'Somebody without a tag can have done what a wearer is asked about. Agencies know more of people who depend on them. The director accepts what is left of these risks until the day below.',
      reviewOn: inHalfAYear,
    },
  });
}
