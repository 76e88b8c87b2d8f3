export { readOffered, takePart } from './take-part.ts';
