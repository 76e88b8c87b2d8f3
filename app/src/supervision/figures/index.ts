export { publishDueFigures } from './figure-schedule.ts';
export type { FigureLine, Figures, FigureTable } from './figure-table.ts';
export { keepCharacteristics } from './keep-characteristics.ts';
export { publishFigures } from './publish-figures.ts';
