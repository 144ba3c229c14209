/** A queue whose oldest element costs nothing to take. */
export class Fifo<T> {
  #elements: T[] = [];
  #head = 0;

  push(element: T): void {
    this.#elements.push(element);
  }

  clear(): void {
    this.#elements = [];
    this.#head = 0;
  }

  /** Takes elements off the front as long as they are wanted, those too that `take` pushes. */
  takeWhile(wanted: (element: T) => boolean, take: (element: T) => void): void {
    for (;;) {
      const element = this.#elements[this.#head];
      if (element === undefined || !wanted(element)) break;
      this.#head++;
      take(element);
    }
    if (this.#head * 2 > this.#elements.length) {
      this.#elements = this.#elements.slice(this.#head);
      this.#head = 0;
    }
  }
}
