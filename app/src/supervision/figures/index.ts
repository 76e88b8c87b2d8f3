export { keepCharacteristics } from './keep-characteristics.ts';
export { publishFigures } from './publish-figures.ts';
export type { FigureLine, Figures, FigureTable } from './work-out.ts';
