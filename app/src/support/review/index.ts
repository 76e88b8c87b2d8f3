export { decidePair } from './decide-pair.ts';
