/** Crime types of the UK crime-matching batch. */
export const crimeTypes: Record<string, string> = {
  RB: 'Robbery',
  BIAD: 'Burglary in a dwelling',
  AB: 'Aggravated burglary',
  BOTD: 'Burglary other than in a dwelling',
  TOMV: 'Theft of a vehicle',
  TFP: 'Theft from the person',
  TFMV: 'Theft from a vehicle',
};

/** Police forces by identifier, each with the code that its batch ids begin with. */
export const policeForces: Record<string, string> = {
  AvonSomerset: 'AVS',
  Bedfordshire: 'BFD',
  Cheshire: 'CHS',
  CoLP: 'CoLP',
  Cumbria: 'CMB',
  Derbyshire: 'DBY',
  Durham: 'DUR',
  Essex: 'ESX',
  Gloucestershire: 'GLC',
  Gwent: 'GWP',
  Hampshire: 'HAM',
  Hertfordshire: 'HRT',
  Humberside: 'HMB',
  Kent: 'KNT',
  Metropolitan: 'MPS',
  NorthWales: 'NWL',
  Nottinghamshire: 'NOT',
  Sussex: 'SXP',
  WestMidlands: 'WMP',
};

/** Longest window that the source system takes. */
export const windowAtMostMs = 12 * 3_600_000;
