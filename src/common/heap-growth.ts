import { setFlagsFromString } from 'node:v8';

/**
 * From now on the old generation grows by a quarter between two collections, not by what the program was
 * started with: what V8 lets a heap grow to stays resident. V8 reads it at the end of each collection, so it may be set at any time.
 */
export function growHeapSlowly(): void {
  setFlagsFromString('--heap-growing-percent=25');
}
