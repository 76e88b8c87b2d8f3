export { keepCharacteristics } from './keep-characteristics.ts';
export { publishFigures } from './publish-figures.ts';
