/** Texts by key in this process's memory, at most so many characters in all: the ones used longest ago go first. A store for Keyv. */
export class BoundedStore {
  private readonly entries = new Map<string, string>();
  private characters = 0;

  constructor(private readonly maxCharacters: number) {}

  get(key: string): string | undefined {
    const value = this.entries.get(key);
    if (value !== undefined) {
      // A map keeps the order of insertion: now it is the youngest.
      this.entries.delete(key);
      this.entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: string): void {
    this.delete(key);
    this.entries.set(key, value);
    this.characters += weightOf(key, value);
    for (const oldest of this.entries.keys()) {
      if (this.characters <= this.maxCharacters) break;
      this.delete(oldest);
    }
  }

  delete(key: string): boolean {
    const value = this.entries.get(key);
    if (value === undefined) return false;
    this.characters -= weightOf(key, value);
    return this.entries.delete(key);
  }

  /** All whose keys begin so. */
  deleteAll(prefix: string): void {
    for (const key of this.entries.keys()) if (key.startsWith(prefix)) this.delete(key);
  }

  clear(): void {
    this.entries.clear();
    this.characters = 0;
  }
}

const weightOf = (key: string, value: string): number => key.length + value.length;
